// libFuzzer's way into basic_login_check.h.
#include "tests/fuzz/basic_login_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_basic_login({reinterpret_cast<char const*>(data), size});
    return 0;
}
