// A token server's mind: what it issued to whom. An origin serves it (serve_tokens), and an origin, the same or
// another, believes its tokens (require_token).
#pragma once

#include "tests/support/recorded_request.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tests {

struct token_rules {
    std::string service = "registry.test";
    std::string username; // with these only; empty: anybody
    std::string password;
    std::optional<int> expires_in = 300; // absent from the answer if empty
    std::string member = "token";        // or "access_token"
    unsigned status = 200;               // anything else: no token
    std::shared_ptr<gate> hold;          // the answer waits here
};

// Any thread.
class token_desk {
public:
    explicit token_desk(token_rules rules = {}) : rules_(std::move(rules)) {}

    scripted_reply answer(recorded_request const& request);

    // A token that was issued, is not revoked, and covers pulling `repository`.
    bool accepts(std::string const& authorization, std::string const& repository) const;
    void revoke_all();

    std::string challenge(std::string const& realm, std::string const& repository) const;
    std::size_t issued() const;
    std::vector<std::string> tokens() const; // every value ever issued, for "it is in no log"

private:
    bool knows(recorded_request const& request) const;

    token_rules const rules_;
    mutable std::mutex mutex_; // guards all below
    std::map<std::string, std::vector<std::string>> valid_;
    std::vector<std::string> all_;
};

// "Basic …" as a client sends it.
std::string basic_authorization(std::string const& username, std::string const& password);

} // namespace tests
