// `layerd pin`, `unpin`, `purge` and `refresh`: one line for each image that is named.
#pragma once

#include "proxy/cli/command_line.h"

#include <string>
#include <vector>

namespace proxy {

struct image_options {
    std::string verb; // "pin", "unpin", "purge", "refresh"
    std::string admin = "http://127.0.0.1:5001";
    std::vector<std::string> images;
};

int run_image_command(image_options const& o, command_environment const& env);

} // namespace proxy
