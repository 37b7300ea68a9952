// `layerd report`: what a stretch of time was like, from the admin API of a running server.
#pragma once

#include "proxy/cli/command_line.h"

#include <string>

namespace proxy {

struct report_options {
    std::string admin = "http://127.0.0.1:5001";
    std::string since = "7d";
    bool json = false;
};

// Exit codes as everywhere.
int run_report(report_options const& o, command_environment const& env);

} // namespace proxy
