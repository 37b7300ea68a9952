// libFuzzer's way into base64_check.h.
#include "tests/fuzz/base64_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_base64({reinterpret_cast<char const*>(data), size});
    return 0;
}
