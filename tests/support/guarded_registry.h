// A registry in which every repository belongs to some users: tokens are given to whoever logs in, and open what is
// theirs. It stands on a scripted origin, whose record tells who was asked what in whose name.
#pragma once

#include "tests/support/scripted_origin.h"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace tests {

class guarded_registry {
public:
    // Serves the token server at "/token" of the same origin.
    explicit guarded_registry(scripted_origin& origin);

    // "" is whoever has no login.
    void add_user(std::string const& name, std::string const& password); // before the first request
    void allow(std::string const& user, std::string const& repo);        // likewise

    // What `path` ("/v2/<repo>/…") answers to whoever may read `repo`; all others get 401, or what they are shown from
    // now on.
    void put(std::string const& repo, std::string const& path, scripted_reply answer);
    void show_strangers(scripted_reply answer);
    std::string put_blob(std::string const& repo, std::string const& bytes);                            // → digest
    std::string put_manifest(std::string const& repo, std::string const& tag, std::string const& body); // → digest

    // The Authorization that a request carries if it is made in the name of `user` for `repo`.
    static std::string token_of(std::string const& user, std::string const& repo);

private:
    scripted_reply issue(recorded_request const& r) const;
    std::optional<scripted_reply> for_strangers();

    scripted_origin& origin_;
    std::map<std::string, std::string> users_; // Authorization → name
    std::map<std::string, std::set<std::string>> readers_;
    std::mutex mutex_; // guards the next
    std::optional<scripted_reply> for_strangers_;
};

} // namespace tests
