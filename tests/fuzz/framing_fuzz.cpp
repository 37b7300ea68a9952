// libFuzzer's way into framing_check.h.
#include "tests/fuzz/framing_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_framing({reinterpret_cast<char const*>(data), size});
    return 0;
}
