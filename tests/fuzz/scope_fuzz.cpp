// libFuzzer's way into scope_check.h.
#include "tests/fuzz/scope_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_scope({reinterpret_cast<char const*>(data), size});
    return 0;
}
