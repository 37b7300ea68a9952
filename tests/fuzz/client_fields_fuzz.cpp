// libFuzzer's way into client_fields_check.h.
#include "tests/fuzz/client_fields_check.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_client_fields({reinterpret_cast<char const*>(data), size});
    return 0;
}
