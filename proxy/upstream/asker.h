// Who is behind a request to upstream.
#pragma once

#include "proxy/upstream/client_login.h"

#include <string>

namespace proxy {

struct asker {
    client_login::ptr as{}; // in whose name upstream is asked; none: layerd's own
    std::string client{};   // whose turn and share it takes where these count (client_table.h); "": layerd itself
};

} // namespace proxy
