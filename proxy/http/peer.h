// Who is at the other end of a connection: what is known before the first request.
#pragma once

#include "proxy/access/caller.h"

#include <boost/asio/ip/address.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace proxy {

struct peer {
    std::string name;                            // "address:port", for the log
    std::string client;                          // who it counts as where clients have shares: see client_table.h
    boost::asio::ip::address address;            // of IPv4 also where it came through an IPv6 socket
    bool secure = false;                         // through TLS
    std::shared_ptr<identity const> certificate; // who its certificate says it is; null: it has shown none

    std::string_view host() const noexcept { return std::string_view(name).substr(0, name.rfind(':')); }
};

} // namespace proxy
