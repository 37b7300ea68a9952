// What a changed file means for a server that runs: some of it can be had at once, the rest after a restart.
#pragma once

#include "proxy/config/config.h"

#include <string>
#include <vector>

namespace proxy {

// Keys as in the file: "gc.keep_storage", "upstream ghcr.io".
struct config_changes {
    std::vector<std::string> at_once; // [gc], [[trigger]], some of [hosted], [log] level
    std::vector<std::string> after_restart;

    bool empty() const noexcept { return at_once.empty() && after_restart.empty(); }
};

config_changes compare(config const& running, config const& wanted);

} // namespace proxy
