// Listening sockets that the service manager opened for us: socket activation, sd_listen_fds(3).
//
// LISTEN_FDS of them stand from descriptor 3 on, for the process LISTEN_PID, named by LISTEN_FDNAMES. They stay with
// the service manager while layerd restarts, so whoever connects meanwhile waits in their queue and is refused by
// nobody.
#pragma once

#include "proxy/error.h"
#include "proxy/runtime/environment.h"
#include "store/blob_file.h"

#include <vector>

namespace proxy {

// Told apart by their name, FileDescriptorName= of a socket unit: "registry" or "admin", and with TLS "registry-tls" or
// "admin-tls".
struct inherited_sockets {
    struct socket {
        store::file_descriptor listening;
        bool tls = false;
    };
    std::vector<socket> registry; // in place of [server] listen, unless there are none
    std::vector<socket> admin;    // likewise of admin_listen
};

// Owns the descriptors from then on: call it once. Nothing was opened for us: nothing comes back. A socket with another
// name, or one that does not listen for TCP, is an error with a message for people.
result<inherited_sockets> inherit_sockets(environment const& variable = own_environment(), int first = 3);

} // namespace proxy
