// libFuzzer's way into name_pattern_check.h.
#include "tests/fuzz/name_pattern_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_name_pattern({reinterpret_cast<char const*>(data), size});
    return 0;
}
