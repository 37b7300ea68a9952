// libFuzzer's way into server_play.h.
#include "tests/fuzz/server_play.h"

#include <cstddef>
#include <cstdint>

// The threads of a server end with it, and what they freed last libFuzzer takes for lost: it would look for leaks after
// each play, which takes longer than the play. The same plays are looked through by the unit tests under ASan.
extern "C" char const* __asan_default_options() {
    return "detect_leaks=0";
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::play_server({reinterpret_cast<char const*>(data), size});
    return 0;
}
