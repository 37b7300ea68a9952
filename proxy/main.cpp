#include "proxy/cli/command_line.h"

#include <sys/prctl.h>

#include <cstdlib>

namespace {

// Passwords, keys and tokens are in the memory of whatever command runs: no core dump shall hold them, and no other
// process of the same user read them. Who looks for a fault sets the variable.
void keep_memory_private() {
    if (std::getenv("LAYERD_CORE_DUMPS") == nullptr)
        ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

} // namespace

int main(int argc, char** argv) {
    keep_memory_private();
    return proxy::run_command_line(argc, argv);
}
