// `layerd gc`: has a running server collect garbage, with a bar on a terminal, and shows what went or would go.
#pragma once

#include "proxy/cli/command_line.h"

#include <string>

namespace proxy {

struct gc_options {
    std::string admin = "http://127.0.0.1:5001";
    bool dry_run = false;
    bool json = false;
};

int run_gc(gc_options const& o, command_environment const& env);

} // namespace proxy
