#include "proxy/upstream/resolver.h"

#include "proxy/runtime/event.h"
#include "proxy/runtime/spawn.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace proxy {

struct resolver::state {
    using addresses = std::vector<net::ip::address>;

    struct entry {
        addresses found;
        steady_clock::time_point until;
    };

    struct lookup {
        event done;
        std::optional<error> failure;
        steady_clock::time_point const began = steady_clock::now();
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
    std::shared_ptr<lookup> latest; // the next one's turn is after it
};

namespace {

constexpr seconds max_turn{60}; // longer than getaddrinfo takes

std::vector<tcp::endpoint> with_port(std::vector<net::ip::address> const& addresses, std::uint16_t port) {
    std::vector<tcp::endpoint> out;
    out.reserve(addresses.size());
    for (auto const& a : addresses)
        out.emplace_back(a, port);
    return out;
}

host_lookup system_lookup(executor ex) {
    return [ex](std::string host) -> task<result<std::vector<net::ip::address>>> {
        tcp_resolver names(ex);
        error_code ec;
        auto const results = co_await names.async_resolve(host, "", net::redirect_error(use_task, ec));
        if (ec)
            co_return upstream_error(502, "no address of " + host + ": " + ec.message());
        std::vector<net::ip::address> found;
        for (auto const& r : results)
            found.push_back(r.endpoint().address());
        co_return found;
    };
}

} // namespace

resolver::resolver(executor ex, clock_source now, host_lookup look_up)
    : executor_(ex), look_up_(look_up ? std::move(look_up) : system_lookup(ex)),
      state_(std::make_shared<state>(std::move(now))) {}

void resolver::start_lookup(std::string const& host) {
    auto flight = std::make_shared<state::lookup>();
    state_->running[host] = flight;
    spawn(executor_, "address lookup",
          [ex = executor_, look_up = look_up_, keep = state_, flight, host,
           before = std::exchange(state_->latest, flight)]() -> task<void> {
              co_await net::post(ex, use_task); // not at once: whoever has asked is to find it running
              if (before)
                  co_await before->done.wait(ex, deadline::after(max_turn));
              auto found = co_await look_up(host);
              if (found && !found->empty())
                  keep->remember(host, std::move(*found));
              else if (!found)
                  flight->failure = found.error();
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

    bool const has_old = cached != keep->cache.end();
    bool const must_look = !keep->running.contains(host);
    bool const may_look = keep->running.size() < max_lookups;
    if (must_look && !may_look && has_old)
        co_return with_port(cached->second.found, port);
    if (must_look && !may_look)
        co_return upstream_error(503, "too many names are looked up at a time");
    if (must_look)
        start_lookup(host);
    auto const flight = keep->running.at(host);
    // Of the deadline enough must be left to try the old addresses.
    auto const soon = d.within(d.left() / 2).at();
    deadline const limit = has_old ? deadline(std::min(soon, flight->began + patience)) : d;
    bool const done = co_await flight->done.wait(executor_, limit);
    cached = keep->cache.find(host);
    if (cached != keep->cache.end())
        co_return with_port(cached->second.found, port);
    if (!done)
        co_return upstream_error(504, "no address of " + host + " in time");
    co_return flight->failure.value_or(upstream_error(502, "no address of " + host));
}

} // namespace proxy
