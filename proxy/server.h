// The whole server as one object.
#pragma once

#include "proxy/config/config.h"
#include "proxy/error.h"
#include "proxy/runtime/net.h"

#include <memory>
#include <vector>

namespace store {
class file_system;
}

namespace proxy {

// What a test puts in place of the operating system.
struct server_seams {
    std::shared_ptr<store::file_system> files; // none: the real one
};

class server {
public:
    // Opens the store, binds every address and starts serving; blocks until that is done. What cannot be had (an
    // address in use, a store locked by another process) is an error with a message for people.
    static result<std::unique_ptr<server>> start(config c, server_seams seams = {});
    ~server(); // stop() has been called

    // The addresses that were bound, with the ports that the system chose for port 0.
    std::vector<tcp::endpoint> addresses() const;
    std::vector<tcp::endpoint> admin_addresses() const;

    // Takes over what can change while running, [gc] and the log's level; the rest waits for a restart. Logs both. Any
    // thread, one at a time, not beside stop().
    void reload(config const& wanted);

    // No new connection, running requests and fills finish within the drain timeout, statistics and store are
    // flushed. Blocks. False: something was still running when the time was up, and destruction is not safe.
    [[nodiscard]] bool stop();

private:
    struct parts;
    explicit server(std::unique_ptr<parts> p);
    std::unique_ptr<parts> parts_;
};

} // namespace proxy
