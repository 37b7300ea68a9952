// libFuzzer's way into request_body_check.h.
#include "tests/fuzz/request_body_check.h"

#include <cstddef>
#include <cstdint>

// No client of the check waits to be asked for a body, so nothing is sent. The real one brings half of the server
// along.
proxy::task<bool> proxy::sender::send(std::string_view, std::string_view, more) {
    co_return true;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::check_request_body({reinterpret_cast<char const*>(data), size});
    return 0;
}
