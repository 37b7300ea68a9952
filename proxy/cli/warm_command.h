// `layerd warm`: has a running server pull images, with a bar on a terminal, and says of each what became of it.
#pragma once

#include "proxy/cli/command_line.h"

#include <string>
#include <vector>

namespace proxy {

struct warm_options {
    std::string admin = "http://127.0.0.1:5001";
    std::vector<std::string> images;
    std::vector<std::string> platforms;
    bool all_platforms = false;
};

int run_warm(warm_options const& o, command_environment const& env);

} // namespace proxy
