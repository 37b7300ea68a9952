// Host names to addresses, remembered for a while.
//
// Asio's async_resolve has no timeout, and cancelling does not interrupt a running getaddrinfo. So a lookup is a
// coroutine of its own that several askers share; each waits as long as its deadline allows, and a late answer
// still fills the cache.
//
// An io_context has one thread for all lookups, of all who share the context. So each resolver has one under way and
// the others waiting: names that never resolve keep the rest of the server no longer than one of them takes.
#pragma once

#include "proxy/error.h"
#include "proxy/runtime/clock.h"
#include "proxy/runtime/deadline.h"
#include "proxy/runtime/net.h"
#include "proxy/upstream/client_network.h"

#include <memory>
#include <string>
#include <vector>

namespace proxy {

// Belongs to one io_context's thread. A lookup under way may outlive it.
class resolver {
public:
    static constexpr seconds time_to_live{60}; // getaddrinfo does not tell the record's own
    static constexpr std::size_t max_hosts = 256;
    static constexpr std::size_t max_lookups = 16; // under way or waiting
    static constexpr seconds patience{1};          // with a lookup, where there are old addresses

    resolver(executor ex, clock_source now, host_lookup look_up = {}); // none: getaddrinfo

    // In getaddrinfo's order, never empty. When a lookup fails, or takes longer than `patience` or half of what is left
    // of the deadline, addresses that have grown old are better than none.
    task<result<std::vector<tcp::endpoint>>> find(std::string host, std::uint16_t port, deadline d);

    // Nobody answers there: the next find looks again.
    void distrust(std::string const& host);

private:
    struct state;

    void start_lookup(std::string const& host);

    executor executor_;
    host_lookup look_up_;
    std::shared_ptr<state> state_;
};

} // namespace proxy
