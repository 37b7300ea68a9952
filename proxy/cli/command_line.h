// The program's commands: what stands behind `layerd serve`, `check-config`, `stats`, `warm`, `gc` and so on.
//
// Exit codes: 0 done, 1 the thing asked for failed, 2 wrong usage.
#pragma once

#include "proxy/config/config_source.h"

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace proxy {

int run_command_line(int argc, char** argv);

// What a run talks to. Results go to `out`, complaints and hints to `err`.
struct command_environment {
    std::ostream& out;
    std::ostream& err;
    std::function<int(config, config_source)> serve;
    bool terminal = false; // `out` is one: a watched table is redrawn in place
    bool progress = false; // `err` is one: a long run shows how far it is
};

int run_command_line(std::vector<std::string> const& args, command_environment const& env);

} // namespace proxy
