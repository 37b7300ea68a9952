// libFuzzer's way into answer_check.h.
#include "tests/fuzz/answer_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_answer({reinterpret_cast<char const*>(data), size});
    return 0;
}
