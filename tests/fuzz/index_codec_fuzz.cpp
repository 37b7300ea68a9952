// libFuzzer's way into index_codec_check.h.
#include "tests/fuzz/index_codec_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_index_codec({reinterpret_cast<char const*>(data), size});
    return 0;
}
