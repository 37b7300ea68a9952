#include "proxy/serve.h"

#include "proxy/config/loose_files.h"
#include "proxy/config/rule_check.h"
#include "proxy/log/logging.h"
#include "proxy/runtime/descriptors.h"
#include "proxy/runtime/service_manager.h"
#include "proxy/runtime/spare_memory.h"

#include <boost/asio/signal_set.hpp>
#include <spdlog/spdlog.h>

#include <sys/prctl.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

namespace proxy {

namespace {

// Answers each SIGHUP for as long as the signals' context runs; also one that came before the server was there.
class reloader {
public:
    reloader(net::signal_set& hangups, server& running, config_source from, service_manager const& manager)
        : hangups_(hangups), running_(running), from_(std::move(from)), manager_(manager) {}

    void wait() {
        hangups_.async_wait([this](error_code ec, int) {
            if (ec)
                return;
            manager_.tell_reloading();
            reload(running_, from_);
            manager_.tell("READY=1");
            wait();
        });
    }

private:
    net::signal_set& hangups_;
    server& running_;
    config_source from_;
    service_manager const& manager_;
};

bool takes_logins(config const& c) {
    return !c.access.is_open() ||
           std::ranges::any_of(c.upstreams, [](auto const& u) { return u.access == upstream_access::per_client; });
}

void say_addresses(server const& running, config const& c) {
    for (auto const& a : running.addresses())
        spdlog::info("registry API on {}", a.url());
    for (auto const& a : running.admin_addresses())
        spdlog::info("statistics and admin on {}", a.url());
    auto all = running.addresses();
    for (auto const& a : running.admin_addresses())
        all.push_back(a);
    for (auto const& a : running.addresses())
        if (c.access.is_open() && !is_loopback(a))
            spdlog::warn("whoever reaches {} may pull all that is mirrored{}: there is no [[access.rule]] (README, "
                         "Expose it safely)",
                         a.to_string(), c.hosted.enabled && !c.hosted.read_only ? ", push and delete" : "");
    if (takes_logins(c) && c.server.public_url.starts_with("http://"))
        spdlog::warn("public_url sends clients with their passwords to {}, which is not https", c.server.public_url);
    for (auto const& a : all)
        if (takes_logins(c) && !a.tls && !is_loopback(a))
            spdlog::warn("passwords and tokens cross the network as they are to {}: clients should reach it by https "
                         "(README, TLS), or through a proxy that speaks it and whose URL is public_url",
                         a.to_string());
}

void say_open_files(std::uint64_t at_most, std::size_t max_connections) {
    auto const fit = at_most / 8 * 3; // of three quarters, two each
    if (fit < max_connections)
        spdlog::info("{} files may be open, enough for {} connections that are sent a blob each, not for {} "
                     "(max_connections); LimitNOFILE= or ulimit -n gives more",
                     at_most, fit, max_connections);
}

// Ready only now that every address is bound: units that wait for this one may pull at once.
void say_ready(service_manager const& manager, server& running) {
    if (auto const every = manager.watchdog_interval())
        running.watch(*every, [&manager] { manager.tell_alive(); });
    std::string where;
    for (auto const& a : running.addresses())
        where += (where.empty() ? "" : ", ") + a.to_string();
    manager.tell(fmt::format("READY=1\nSTATUS=Serving on {}", where));
}

// What is under way may take its time, whatever the unit's TimeoutStopSec= says.
void say_stopping(service_manager const& manager, std::chrono::seconds drain_timeout) {
    spdlog::info("stopping");
    std::chrono::microseconds const at_most = drain_timeout + seconds(15);
    manager.tell(
        fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}\nSTATUS=Finishing what is under way", at_most.count()));
}

result<std::unique_ptr<server>> start(config c) {
    auto sockets = inherit_sockets();
    if (!sockets)
        return sockets.error();
    return server::start(std::move(c), {}, std::move(*sockets));
}

} // namespace

void reload(server& running, config_source const& from) {
    if (from.file.empty()) {
        spdlog::warn("configuration not reloaded: the server runs without a file (--config)");
        return;
    }
    auto wanted = load_config(from.file);
    if (!wanted) {
        for (auto const& p : wanted.error())
            spdlog::error("configuration not reloaded: {}", describe(from.file, p));
        spdlog::error("kept the running configuration");
        return;
    }
    from.override_by(*wanted);
    running.reload(*wanted);
}

int serve(config c, config_source from) {
    give_back_large_blocks();
    // Before any thread starts, so that none of them takes the signals.
    net::io_context signals;
    net::signal_set stop_signals(signals, SIGINT, SIGTERM);
    net::signal_set hangups(signals, SIGHUP);
    start_logging(c.log);
    for (auto const& text : loose_files(c))
        spdlog::warn("{}", text);
    say_open_files(raise_descriptor_limit(), c.server.max_connections);
    service_manager const manager;
    auto const settings = c;
    auto started = start(std::move(c));
    if (!started) {
        spdlog::critical("{}", started.error().message);
        end_logging();
        return 1;
    }
    auto& running = **started;
    say_addresses(running, settings);
    say_ready(manager, running);
    reloader reloads(hangups, running, std::move(from), manager);
    reloads.wait();
    stop_signals.async_wait([&](error_code, int) { signals.stop(); });
    signals.run();
    say_stopping(manager, settings.server.drain_timeout);
    bool const clean = running.stop();
    spdlog::info("stopped");
    end_logging();
    if (!clean)
        std::_Exit(0); // coroutines are left whose parts must not be destroyed under them; the store is flushed
    return 0;
}

} // namespace proxy
