// libFuzzer's way into record_gate_check.h.
#include "tests/fuzz/record_gate_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_record_gate({reinterpret_cast<char const*>(data), size});
    return 0;
}
