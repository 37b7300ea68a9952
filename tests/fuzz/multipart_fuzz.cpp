// libFuzzer's way into multipart_check.h.
#include "tests/fuzz/multipart_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_multipart({reinterpret_cast<char const*>(data), size});
    return 0;
}
