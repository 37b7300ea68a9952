// What a listener serves: the registry API, or the administration.
#pragma once

#include "proxy/runtime/net.h"

#include <string_view>

namespace proxy {

class exchange;

class service {
public:
    virtual ~service() = default;

    // Answers one request, whatever it is; `client` is the peer's address, for the log. Runs on the connection's
    // worker; called by many of them at once.
    virtual task<void> serve(exchange& x, std::string_view client) = 0;
};

} // namespace proxy
