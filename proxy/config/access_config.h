// Who may do what: [access] and what stands below it.
//
// Without a rule everybody may do everything that the listeners are open for. With one, the first rule that fits
// decides, and what none fits is denied; only the admin API stays open to this machine until a rule allows it to
// somebody.
#pragma once

#include "proxy/config/name_pattern.h"
#include "proxy/config/network.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy {

enum class action : std::uint8_t {
    pull,
    push,
    remove, // "delete", of manifests, tags and blobs
    admin   // the admin API; of no repository
};

std::optional<action> parse_action(std::string_view text) noexcept; // "pull", "push", "delete", "admin"
std::string_view to_string(action a) noexcept;

// One [[access.rule]]: whoever fits all of users, groups, networks, issuer and claims that are given; none given:
// everybody, also who is anonymous.
struct access_rule {
    std::vector<name_pattern> users; // any of them; who is anonymous fits none
    std::vector<std::string> groups;
    std::vector<network> networks;
    std::string issuer; // the name of an [[access.oidc]] whose token it must be
    std::vector<std::pair<std::string, std::vector<name_pattern>>>
        claims; // of that token: each, with any of its values
    std::vector<action> actions;
    std::vector<name_pattern> repositories; // any of them, by the store's names: "docker.io/library/alpine",
                                            // "local/app"; none given: all
    bool allows = true;                     // else it denies

    friend bool operator==(access_rule const&, access_rule const&) = default;
};

// One [[access.group]].
struct user_group {
    std::string name;
    std::vector<name_pattern> users;

    friend bool operator==(user_group const&, user_group const&) = default;
};

// One [[access.oidc]]: a system whose signed word about its jobs or users is taken (OpenID Connect Core 1.0 §2).
struct oidc_config {
    std::string name;                   // before the subject in the user's name: "github:repo:acme/app:ref:…"
    std::string issuer;                 // the claim `iss`, to the letter
    std::string audience;               // the claim `aud`
    std::string jwks_url;               // of its keys; empty: told by the issuer's /.well-known/openid-configuration
    std::filesystem::path jwks_file;    // instead
    std::filesystem::path ca_file;      // beside the system's CAs
    std::chrono::seconds session{3600}; // how long a login may be renewed without a new token of the issuer

    friend bool operator==(oidc_config const&, oidc_config const&) = default;
};

struct access_config {
    std::filesystem::path htpasswd_file; // users with bcrypt passwords; empty: none
    std::filesystem::path
        client_ca_file; // of certificates whose subject's common name is a user; empty: none asked for
    std::filesystem::path token_key_file; // Ed25519, PEM; empty: one in the store, made when it is first needed
    std::chrono::seconds token_ttl{300};  // of what the token endpoint gives
    std::vector<user_group> groups;
    std::vector<oidc_config> issuers;
    std::vector<access_rule> rules;

    bool is_open() const noexcept { return rules.empty(); }
    friend bool operator==(access_config const&, access_config const&) = default;
};

} // namespace proxy
