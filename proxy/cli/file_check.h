// The files that a configuration names, looked at by the code that the server reads them with: a start that would fail
// is found while the server that runs is still well.
#pragma once

#include "proxy/config/config.h"
#include "proxy/runtime/environment.h"

#include <cstdint>
#include <string>
#include <vector>

namespace proxy {

struct file_findings {
    std::vector<std::string> errors;   // what the server does not start with
    std::vector<std::string> warnings; // what it runs without, or soon will
    std::vector<std::string> notes;    // what this user, or this environment, could not look at
};

// Reads and makes nothing else; blocks. All findings but the notes name the configuration's key. `now` in Unix seconds.
file_findings check_files(config const& c, std::int64_t now, environment const& variable = own_environment());

} // namespace proxy
