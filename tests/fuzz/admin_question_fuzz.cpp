// libFuzzer's way into admin_question_check.h.
#include "tests/fuzz/admin_question_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_admin_question({reinterpret_cast<char const*>(data), size});
    return 0;
}
