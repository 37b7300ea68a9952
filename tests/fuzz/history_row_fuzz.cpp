// libFuzzer's way into history_row_check.h.
#include "tests/fuzz/history_row_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_history_row({reinterpret_cast<char const*>(data), size});
    return 0;
}
