// The keys of one [[access.oidc]], fetched when they are needed and kept: what its tokens are checked by.
//
// They are fetched anew when they are an hour old, and when a token names one that is not among them (issuers change
// their keys without a word), but never twice within a minute: tokens come from outside. If the issuer cannot be asked
// those that are there count for a day.
#pragma once

#include "proxy/access/jwk_set.h"
#include "proxy/config/access_config.h"
#include "proxy/runtime/on_disk.h"
#include "proxy/runtime/single_flight.h"
#include "proxy/runtime/worker.h"
#include "proxy/stats/stats.h"
#include "proxy/upstream/http_client.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace proxy {

class oidc_issuer {
public:
    static constexpr std::chrono::seconds fresh{3600};
    static constexpr std::chrono::seconds usable{24 * 3600};
    static constexpr std::chrono::seconds pause{60}; // between two fetches
    static constexpr std::chrono::seconds patience{10};

    // Keys are fetched on `home`, and a file of them is read on `disk`; both must outlive this. `now` is any thread's.
    // Throws std::runtime_error if the configured CAs cannot be read.
    oidc_issuer(oidc_config c, worker& home, disk_pool& disk, clock_source now, client_network around = {});
    ~oidc_issuer();

    oidc_config const& config() const noexcept { return config_; }

    // The claims of a token of this issuer; who they make its bearer is read_bearer's. Any thread. UNAUTHORIZED if
    // none of its keys has signed it; unavailable, 503, if there are no keys yet and the issuer cannot be asked.
    task<result<boost::json::object>> verify(unverified_token t);

private:
    using keys = std::shared_ptr<jwk_set const>;

    task<result<keys>> key_for(std::string const& key_id);
    task<result<keys>> fetch();
    task<result<std::string>> get(std::string const& url, network_depth& deepest);
    task<result<std::string>> document();

    oidc_config const config_;
    worker& home_;
    disk_pool& disk_;
    clock_source const now_;
    single_flight<keys> flights_;
    struct client;
    std::unique_ptr<client> client_; // of home's thread
    mutable std::mutex mutex_;       // guards what is below
    keys keys_;
    steady_clock::time_point fetched_{};
    std::optional<steady_clock::time_point> tried_;
    bool is_fetching_ = false;
};

} // namespace proxy
