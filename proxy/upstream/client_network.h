// What the client is told of the network it is in. An argument, as clocks are, for tests have no other network.
#pragma once

#include "proxy/error.h"
#include "proxy/runtime/net.h"
#include "proxy/upstream/inner_address.h"

#include <functional>
#include <string>
#include <vector>

namespace proxy {

// All addresses of a host, or why there is none. On the thread of whoever asks.
using host_lookup = std::function<task<result<std::vector<net::ip::address>>>(std::string host)>;

struct client_network {
    host_lookup look_up{}; // none: getaddrinfo
    network_depth (*depth_of)(net::ip::address const&) noexcept = &proxy::depth_of;
};

} // namespace proxy
