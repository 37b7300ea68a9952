// `layerd stats`: the operator's table, or the document behind it, from the admin API of a running server.
#pragma once

#include "proxy/cli/command_line.h"

#include <string>

namespace proxy {

struct stats_options {
    std::string admin = "http://127.0.0.1:5001";
    std::string since; // "24h"; empty: the totals since the store was made, or a day if `by` is there
    std::string by;    // "upstream", "repository", "client"
    bool json = false;
    bool watch = false;
};

// Exit codes as everywhere. A watched table ends with 0 at SIGINT or SIGTERM, and waits for a server that is away.
int run_stats(stats_options const& o, command_environment const& env);

} // namespace proxy
