#include "store/background.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace store {

void run_in_background() noexcept {
    // Of a thread, though POSIX says process: setpriority(2), "NOTES". Nothing depends on its success.
    constexpr int nice = 15;
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), nice);
}

} // namespace store
