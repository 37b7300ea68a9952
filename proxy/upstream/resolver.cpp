#include "proxy/upstream/resolver.h"

#include "proxy/runtime/event.h"
#include "proxy/runtime/spawn.h"

#include <boost/asio/post.hpp>

#include <map>
#include <optional>

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
          [ex = executor_, look_up = look_up_, keep = state_, flight, host]() -> task<void> {
              co_await net::post(ex, use_task); // not at once: whoever has asked is to find it running
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

    if (!keep->running.contains(host))
        start_lookup(host);
    auto const flight = keep->running.at(host);
    bool const done = co_await flight->done.wait(executor_, d);
    cached = keep->cache.find(host);
    if (cached != keep->cache.end() && !cached->second.found.empty())
        co_return with_port(cached->second.found, port);
    if (!done)
        co_return upstream_error(504, "no address of " + host + " in time");
    co_return flight->failure.value_or(upstream_error(502, "no address of " + host));
}

} // namespace proxy
