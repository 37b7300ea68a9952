// `layerd fsck`: a closed store looked at as a whole, and repaired if asked to.
#pragma once

#include "proxy/cli/command_line.h"

#include <string>

namespace proxy {

struct fsck_command_options {
    std::string store; // as serve has it: wins over the file
    std::string config_file;
    bool repair = false;
    bool json = false;
};

// 0: the store is in order, or is now; 1: it is not, or cannot be looked at (a server runs, say).
int run_fsck(fsck_command_options const& o, command_environment const& env);

} // namespace proxy
