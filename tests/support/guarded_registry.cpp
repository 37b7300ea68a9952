#include "tests/support/guarded_registry.h"

#include "oci/digest.h"
#include "oci/media_type.h"

#include <algorithm>

namespace tests {

namespace {

std::string const scheme = "Bearer ";

std::string repository_in(std::string const& scope) { // "repository:NAME:pull"
    auto const from = scope.find(':') + 1;
    return scope.substr(from, scope.rfind(':') - from);
}

} // namespace

guarded_registry::guarded_registry(scripted_origin& origin) : origin_(origin), users_{{"", ""}} {
    origin_.on("GET", "/token").call([this](recorded_request const& r) { return issue(r); });
}

void guarded_registry::add_user(std::string const& name, std::string const& password) {
    users_[basic_authorization(name, password)] = name;
}

void guarded_registry::allow(std::string const& user, std::string const& repo) {
    readers_[repo].insert(user);
}

std::string guarded_registry::token_of(std::string const& user, std::string const& repo) {
    std::string value = "token-" + user + "-" + repo;
    std::ranges::replace(value, '/', '.');
    return scheme + value;
}

// As Docker Hub does: a token for everybody who can log in, whether it opens anything or not.
scripted_reply guarded_registry::issue(recorded_request const& r) const {
    auto const user = users_.find(r.header("Authorization"));
    auto const scopes = r.query("scope");
    if (user == users_.end() || scopes.size() != 1)
        return reply(401).body("{}");
    auto const value = token_of(user->second, repository_in(scopes[0])).substr(scheme.size());
    return reply(200).body(R"({"token":")" + value + R"(","expires_in":300})");
}

void guarded_registry::put(std::string const& repo, std::string const& path, scripted_reply answer) {
    auto const challenge =
        R"(Bearer realm=")" + origin_.url("/token") + R"(",service="guarded",scope="repository:)" + repo + R"(:pull")";
    origin_.on("GET", path).call([this, repo, challenge, answer](recorded_request const& r) {
        for (auto const& user : readers_[repo])
            if (r.header("Authorization") == token_of(user, repo))
                return answer;
        if (auto const shown = for_strangers())
            return *shown;
        return reply(401).header("WWW-Authenticate", challenge).body("{}");
    });
}

void guarded_registry::show_strangers(scripted_reply answer) {
    std::lock_guard const lock(mutex_);
    for_strangers_ = std::move(answer);
}

std::optional<scripted_reply> guarded_registry::for_strangers() {
    std::lock_guard const lock(mutex_);
    return for_strangers_;
}

std::string guarded_registry::put_blob(std::string const& repo, std::string const& bytes) {
    auto const d = oci::digest::of(bytes).to_string();
    put(repo, "/v2/" + repo + "/blobs/" + d, reply(200).header("Docker-Content-Digest", d).body(bytes));
    return d;
}

std::string guarded_registry::put_manifest(std::string const& repo, std::string const& tag, std::string const& body) {
    auto const d = oci::digest::of(body).to_string();
    auto const answer = reply(200)
                            .header("Content-Type", std::string(oci::media_type::oci_manifest))
                            .header("Docker-Content-Digest", d)
                            .body(body);
    put(repo, "/v2/" + repo + "/manifests/" + tag, answer);
    put(repo, "/v2/" + repo + "/manifests/" + d, answer);
    return d;
}

} // namespace tests
