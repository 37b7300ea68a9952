#include "proxy/serve.h"

#include "proxy/log/logging.h"
#include "proxy/runtime/descriptors.h"

#include <boost/asio/signal_set.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>

namespace proxy {

namespace {

// Answers each SIGHUP for as long as the signals' context runs; also one that came before the server was there.
class reloader {
public:
    reloader(net::signal_set& hangups, server& running, config_source from)
        : hangups_(hangups), running_(running), from_(std::move(from)) {}

    void wait() {
        hangups_.async_wait([this](error_code ec, int) {
            if (ec)
                return;
            reload(running_, from_);
            wait();
        });
    }

private:
    net::signal_set& hangups_;
    server& running_;
    config_source from_;
};

void say_addresses(server const& running) {
    for (auto const& a : running.addresses())
        spdlog::info("registry API on http://{}:{}", a.address().to_string(), a.port());
    for (auto const& a : running.admin_addresses())
        spdlog::info("statistics and admin on http://{}:{}", a.address().to_string(), a.port());
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
    // Before any thread starts, so that none of them takes the signals.
    net::io_context signals;
    net::signal_set stop_signals(signals, SIGINT, SIGTERM);
    net::signal_set hangups(signals, SIGHUP);
    start_logging(c.log);
    raise_descriptor_limit();
    auto started = server::start(std::move(c));
    if (!started) {
        spdlog::critical("{}", started.error().message);
        spdlog::shutdown();
        return 1;
    }
    auto& running = **started;
    say_addresses(running);
    reloader reloads(hangups, running, std::move(from));
    reloads.wait();
    stop_signals.async_wait([&](error_code, int) { signals.stop(); });
    signals.run();
    spdlog::info("stopping");
    bool const clean = running.stop();
    spdlog::info("stopped");
    spdlog::shutdown();
    if (!clean)
        std::_Exit(0); // coroutines are left whose parts must not be destroyed under them; the store is flushed
    return 0;
}

} // namespace proxy
