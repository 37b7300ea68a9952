// libFuzzer's way into jwk_set_check.h.
#include "tests/fuzz/jwk_set_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_jwk_set({reinterpret_cast<char const*>(data), size});
    return 0;
}
