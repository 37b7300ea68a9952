// Every address that the server is reached at: those of the configuration, or sockets that were opened for us; plain
// ones and those that speak TLS side by side.
#pragma once

#include "proxy/http/client_table.h"
#include "proxy/http/listener.h"
#include "proxy/http/service.h"
#include "proxy/http/worker_local.h"
#include "proxy/runtime/inherited_sockets.h"
#include "proxy/server_parts.h"
#include "proxy/tls/identity_keeper.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace proxy {

class entrances {
public:
    // Who is met behind an address, and where those who come in are counted.
    struct role {
        service& answers;
        client_table& clients;
    };

    // All must outlive this, here and below; workers run once all are open.
    entrances(std::vector<std::unique_ptr<worker_local>> const& workers, server_parts const& parts)
        : workers_(workers), parts_(parts) {}

    // Listens on `opened` if there are any, else on `wanted`. Gives the addresses, with the ports that the system chose
    // for port 0; an error has a message for people. Reads certificates: blocks.
    result<std::vector<address>> open(role r, std::vector<address> const& wanted,
                                      std::vector<inherited_sockets::socket> opened);

    void run();   // begins to accept
    void close(); // on the first worker's thread; what was accepted before is served

    // Takes over certificates whose files have changed. Every few seconds, by one thread, `now` in Unix seconds;
    // blocks.
    void look_at_certificates(std::int64_t now);

    // When each expires, in Unix seconds, by its file. Once all are open: any thread.
    std::map<std::string, std::int64_t> certificate_expiry() const;

private:
    result<identity_keeper const*> identity_if(bool tls);

    std::vector<std::unique_ptr<worker_local>> const& workers_;
    server_parts const& parts_;
    std::unique_ptr<identity_keeper> certificates_; // null: no address speaks TLS
    std::vector<std::unique_ptr<listener>> listeners_;
};

} // namespace proxy
