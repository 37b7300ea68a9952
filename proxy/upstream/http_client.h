// One HTTP/1.1 request in, the head of one answer out. Connections are pooled, names resolved, certificates checked.
//
// Knows nothing of registries: no status means anything here, nothing is followed and nothing is tried twice, except
// that a kept connection which turns out dead is replaced by a fresh one. Where one was silent until its time was over,
// the others that are kept may well be as dead, and the host have moved: neither is believed any more.
#pragma once

#include "proxy/runtime/clock.h"
#include "proxy/secret.h"
#include "proxy/upstream/answer.h"
#include "proxy/upstream/client_network.h"
#include "proxy/upstream/connection_pool.h"
#include "proxy/upstream/origin.h"
#include "proxy/upstream/resolver.h"
#include "proxy/upstream/upstream.h"

#include <memory>
#include <optional>
#include <string>

namespace proxy {

struct wire_request {
    http_method method = http_method::get;
    location to;
    secret authorization; // the field's value; empty: none is sent
    std::string accept;   // empty: none is sent
    std::optional<std::uint64_t> range_first;
    std::optional<std::uint64_t> range_last;                               // only with range_first; none: to the end
    network_depth deepest = network_depth::machine;                        // to no address further inside
    steady_clock::time_point distrusted = steady_clock::time_point::min(); // no connection that was kept before
};

struct client_timeouts {
    milliseconds connect; // addresses, TCP and TLS
    milliseconds idle;    // between two reads of a body
};

// Belongs to one io_context's thread; any number of requests at a time. `tls` and `counters` must outlive the client
// and its answers.
class http_client {
public:
    http_client(executor ex, net::ssl::context& tls, client_timeouts timeouts, upstream_counters& counters,
                clock_source now, client_network around = {});

    // Errors are upstream_error 502 (also where all addresses are deeper than `deepest`) or 504 (`d` passed, or
    // connecting took too long), or internal_error for a request that cannot be written as HTTP. The client must
    // outlive the answer.
    task<result<std::unique_ptr<answer>>> send(wire_request const& request, deadline d);

    // From where it was given: nothing that it names may be further inside. Not what the name resolves to now: that
    // may be several addresses, and others by then.
    network_depth depth_of(answer const& a) const noexcept { return around_.depth_of(a.address()); }

    std::size_t idle_connections() const noexcept { return pool_->idle_count(); }

private:
    task<result<connection_lease>> connect(wire_request const& request, deadline d);
    result<std::unique_ptr<answer>> heard(origin const& from, result<std::unique_ptr<answer>> got);
    task<result<std::unique_ptr<answer>>> exchange(connection_lease line, wire_request const& request, deadline d);

    executor executor_;
    net::ssl::context& tls_;
    client_timeouts timeouts_;
    upstream_counters& counters_;
    clock_source now_;
    client_network around_;
    resolver resolver_;
    std::shared_ptr<connection_pool> pool_;
};

// The head as it is sent. Nothing if a field holds a byte that would end it early.
std::optional<std::string> request_head(wire_request const& request);

} // namespace proxy
