// A layerd with rules, users and tokens, in front of a scripted origin.
#pragma once

#include "tests/support/mirror.h"
#include "tests/support/pusher.h"

#include <boost/json/parse.hpp>

#include <string>

namespace tests {

struct guarded_mirror : mirror {
    // Of the users alice (password "alice's"), bob ("bob's"). `access` is what stands in the file below [access]:
    // rules, groups, issuers.
    explicit guarded_mirror(std::string const& access);

    http_answer ask(std::string const& method, std::string const& target, std::string const& authorization = {},
                    std::string const& body = {}) const;
    unsigned status(std::string const& method, std::string const& target, std::string const& authorization = {},
                    std::string const& body = {}) const {
        return ask(method, target, authorization, body).status;
    }
    http_answer admin_ask(std::string const& method, std::string const& target,
                          std::string const& authorization = {}) const;

    // What the token endpoint gives: the answer, and of a 200 the token as a value for Authorization.
    http_answer token_answer(std::string const& query, std::string const& authorization = {}) const {
        return ask("GET", "/token" + query, authorization);
    }
    std::string token(std::string const& query, std::string const& authorization = {}) const;

    std::string issue(std::string const& user, std::vector<std::string> const& scopes, std::string const& life) const;

    temp_folder files;
};

std::string const& alice(); // Authorization values
std::string const& bob();
std::string member(std::string const& json_object, std::string const& name); // text or number; "" if absent

} // namespace tests
