// The process around the server: its log, and the signals that make it read its configuration again, or end.
#pragma once

#include "proxy/config/config_source.h"
#include "proxy/server.h"

namespace proxy {

// Serves until SIGINT or SIGTERM; answers the program's exit code. SIGHUP: see reload().
int serve(config c, config_source from);

// Reads the configuration again. A file with a problem changes nothing and every problem is logged; a good one is
// handed to the server. Without a file there is nothing to do, which is logged.
void reload(server& running, config_source const& from);

} // namespace proxy
