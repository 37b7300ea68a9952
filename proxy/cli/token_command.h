// `layerd token issue`: signs a token for a machine, with the key that the server checks it by. Needs no running
// server.
#pragma once

#include "proxy/cli/command_line.h"

#include <string>
#include <vector>

namespace proxy {

struct token_options {
    std::string user;
    std::vector<std::string> scopes; // none: whatever the rules allow that user
    std::string expires = "24h";
    std::string config_file; // which says where the key is
    std::string key_file;    // instead
};

int run_token_issue(token_options const& o, command_environment const& env);

} // namespace proxy
