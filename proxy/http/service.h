// What a listener serves: the registry API, or the administration.
#pragma once

#include "proxy/runtime/net.h"

namespace proxy {

class exchange;

class service {
public:
    virtual ~service() = default;

    // Answers one request, whatever it is. Runs on the connection's worker; called by many of them at once.
    virtual task<void> serve(exchange& x) = 0;
};

} // namespace proxy
