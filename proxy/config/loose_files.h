// Files that the configuration names and that are open to more users of the machine than they should be: secrets that
// everybody may read, and what decides whom to believe that everybody may change.
#pragma once

#include "proxy/config/config.h"
#include "proxy/runtime/environment.h"

#include <string>
#include <vector>

namespace proxy {

// Of each such file its key, and the command that closes it; one in a folder that others may not enter is closed. The
// key of tokens is not among them: one that is open is refused. Blocks.
std::vector<std::string> loose_files(config const& c, environment const& variable = own_environment());

} // namespace proxy
