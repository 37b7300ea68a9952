// libFuzzer's way into token_question_check.h.
#include "tests/fuzz/token_question_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_token_question({reinterpret_cast<char const*>(data), size});
    return 0;
}
