// The whole server as one object.
#pragma once

#include "proxy/config/config.h"
#include "proxy/error.h"
#include "proxy/fill/range_rule.h"
#include "proxy/runtime/clock.h"
#include "proxy/runtime/inherited_sockets.h"
#include "proxy/runtime/net.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace store {
class file_system;
}

namespace proxy {

// What a test puts in place of the operating system.
struct server_seams {
    std::shared_ptr<store::file_system> files; // none: the real one
    std::function<std::int64_t()> now;         // Unix seconds, from any thread; none: the system's clock
    clock_source ticks = &steady_clock::now;   // for the age of an issuer's keys and of a password's verdict
    std::optional<range_rule> ranges;          // for layers that fit into a test; none: the one for real ones
};

class server {
public:
    // Opens the store, binds every address and starts serving; blocks until that is done. What cannot be had (an
    // address in use, a store locked by another process) is an error with a message for people. Sockets that listen
    // already are used in place of the addresses of their kind.
    static result<std::unique_ptr<server>> start(config c, server_seams seams = {}, inherited_sockets sockets = {});
    ~server(); // stop() has been called

    // The addresses that were bound, with the ports that the system chose for port 0.
    std::vector<address> addresses() const;
    std::vector<address> admin_addresses() const;

    // Takes over what can change while running, such as [gc] and [[trigger]]; the rest waits for a restart. Logs both.
    // Any thread, one at a time, not beside stop().
    void reload(config const& wanted);

    // From now on `alive` is called every so often, for as long as all event loops turn. On their threads: it must not
    // block. Once, not beside stop().
    void watch(steady_clock::duration every, std::function<void()> alive);

    // No new connection, running requests and fills finish within the drain timeout, statistics and store are
    // flushed. Blocks. False: something was still running when the time was up, and destruction is not safe.
    [[nodiscard]] bool stop();

private:
    struct parts;
    explicit server(std::unique_ptr<parts> p);
    std::unique_ptr<parts> parts_;
};

} // namespace proxy
