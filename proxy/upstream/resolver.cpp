#include "proxy/upstream/resolver.h"

#include "proxy/runtime/event.h"
#include "proxy/runtime/spawn.h"

#include <map>

namespace proxy {

struct resolver::state {
    using addresses = std::vector<net::ip::address>;

    struct entry {
        addresses found;
        steady_clock::time_point until;
    };

    struct lookup {
        event done;
        error_code failure;
    };

    explicit state(clock_source c) : now(std::move(c)) {}

    void remember(std::string const& host, addresses found) {
        auto const t = now();
        if (cache.size() >= max_hosts)
            std::erase_if(cache, [&](auto const& e) { return e.second.until <= t; });
        if (cache.size() >= max_hosts)
            cache.clear();
        cache[host] = {std::move(found), t + time_to_live};
    }

    clock_source now;
    std::map<std::string, entry> cache;
    std::map<std::string, std::shared_ptr<lookup>> running;
};

namespace {

std::vector<tcp::endpoint> with_port(std::vector<net::ip::address> const& addresses, std::uint16_t port) {
    std::vector<tcp::endpoint> out;
    out.reserve(addresses.size());
    for (auto const& a : addresses)
        out.emplace_back(a, port);
    return out;
}

} // namespace

resolver::resolver(executor ex, clock_source now) : executor_(ex), state_(std::make_shared<state>(std::move(now))) {}

void resolver::start_lookup(std::string const& host) {
    auto flight = std::make_shared<state::lookup>();
    state_->running[host] = flight;
    spawn(executor_, "address lookup", [ex = executor_, keep = state_, flight, host]() -> task<void> {
        tcp_resolver names(ex);
        auto results = co_await names.async_resolve(host, "", net::redirect_error(use_task, flight->failure));
        if (!flight->failure) {
            state::addresses found;
            for (auto const& r : results)
                found.push_back(r.endpoint().address());
            keep->remember(host, std::move(found));
        }
        keep->running.erase(host);
        flight->done.set();
    });
}

void resolver::distrust(std::string const& host) {
    auto const known = state_->cache.find(host);
    if (known != state_->cache.end())
        known->second.until = state_->now();
}

task<result<std::vector<tcp::endpoint>>> resolver::find(std::string host, std::uint16_t port, deadline d) {
    error_code not_an_address;
    auto const literal = net::ip::make_address(host, not_an_address);
    if (!not_an_address)
        co_return with_port({literal}, port);

    auto const keep = state_;
    auto cached = keep->cache.find(host);
    if (cached != keep->cache.end() && keep->now() < cached->second.until)
        co_return with_port(cached->second.found, port);

    if (!keep->running.contains(host))
        start_lookup(host);
    auto const flight = keep->running.at(host);
    bool const done = co_await flight->done.wait(executor_, d);
    cached = keep->cache.find(host);
    if (cached != keep->cache.end() && !cached->second.found.empty())
        co_return with_port(cached->second.found, port);
    if (!done)
        co_return upstream_error(504, "no address of " + host + " in time");
    co_return upstream_error(502, "no address of " + host + ": " + flight->failure.message());
}

} // namespace proxy
