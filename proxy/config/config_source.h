// Where a configuration came from, so that it can be read again while the server runs.
#pragma once

#include "proxy/config/config.h"

#include <filesystem>
#include <functional>
#include <string>

namespace proxy {

struct config_source {
    std::filesystem::path file;                                // empty: the server runs without one
    std::function<void(config&)> override_by = [](config&) {}; // what the command line says instead of the file
};

// "FILE:LINE: what is wrong"
std::string describe(std::filesystem::path const& file, config_problem const& p);

} // namespace proxy
