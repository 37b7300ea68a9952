// What upstreams granted so far: an Authorization value per (who asked, endpoint, repository), and how long it is good.
// Values are secrets: they go into requests and nowhere else.
#pragma once

#include "proxy/runtime/net.h"
#include "proxy/secret.h"
#include "proxy/upstream/inner_address.h"
#include "proxy/upstream/token.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace proxy {

struct grant {
    secret authorization; // empty: the name and password of whoever asks (Basic), which are not kept here
    std::optional<token_request> renewal; // how to get the next one without being refused first
    steady_clock::time_point renew_at;    // at 90 % of its life
    steady_clock::time_point expires_at;
    network_depth deepest = network_depth::machine; // of `renewal`: where who named the token server may lead

    bool due(steady_clock::time_point now) const noexcept { return now >= renew_at; }
};

// A token issued at `now`.
grant granted(token_request const& request, token issued, steady_clock::time_point now);

// Any thread. The lock is held for a map look-up, once a minute for a walk over all entries.
class grant_store {
public:
    static constexpr std::size_t max_size = 4096; // repositories in use at a time

    static constexpr std::chrono::seconds sweep_every{60};

    std::optional<grant> find(std::string const& key, steady_clock::time_point now); // unexpired only
    void put(std::string const& key, grant g, steady_clock::time_point now);

    // Upstream refused `authorization`. A newer grant under the same key stays.
    void drop(std::string const& key, std::string_view authorization);

    std::size_t size() const;

private:
    void sweep(steady_clock::time_point now);

    mutable std::mutex mutex_; // guards all below
    std::map<std::string, grant> grants_;
    steady_clock::time_point swept_at_{};
};

} // namespace proxy
