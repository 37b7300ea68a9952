// Who is connected, by address: so that one client cannot take all connections, nor the whole line.
//
// A client is an IPv4 address or, as providers give these out whole, a /64 of IPv6. Many machines behind one address
// (NAT, a proxy in front) are one client here.
#pragma once

#include "proxy/runtime/net.h"
#include "proxy/runtime/pacer.h"

#include <boost/asio/ip/address.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace proxy {

struct client_limits {
    std::size_t total = 0;       // connections of all clients at a time, which their listeners count; 0: no bound
    std::size_t connections = 0; // of each; 0: no bound
    std::uint64_t bandwidth = 0; // bytes a second, over all connections; 0: no bound
    std::uint64_t requests = 0;  // a second; 0: no bound
    bool of_operators = false;   // a few of them come in when descriptors run short, as long as content does
};

// Any thread. Must outlive every place.
class client_table {
    struct client {
        std::size_t connections = 0;
        std::optional<pacer> pace, request_pace;
    };
    using key = std::pair<bool, std::uint64_t>; // IPv6?, the address or the upper half of it

public:
    explicit client_table(client_limits limits) : limits_(limits) {}

    // One connection, counted until it is destroyed.
    class place {
    public:
        place() = default; // of somebody whom nothing bounds
        place(place&& other) noexcept : in_(std::exchange(other.in_, nullptr)), entry_(other.entry_) {}
        place& operator=(place&& other) noexcept { // `other` leaves with what was here
            std::swap(in_, other.in_);
            std::swap(entry_, other.entry_);
            return *this;
        }
        ~place() {
            if (in_)
                in_->leave(entry_);
        }

        // What the client's connections share; null: nothing bounds its speed.
        pacer* pace() const noexcept { return in_ && entry_->second.pace ? &*entry_->second.pace : nullptr; }
        // The same of requests, each of which counts as one.
        pacer* request_pace() const noexcept {
            return in_ && entry_->second.request_pace ? &*entry_->second.request_pace : nullptr;
        }

    private:
        friend class client_table;
        place(client_table& in, std::map<key, client>::iterator entry) : in_(&in), entry_(entry) {}
        client_table* in_ = nullptr;
        std::map<key, client>::iterator entry_{};
    };

    // Nothing: this client has as many as it may have.
    std::optional<place> admit(net::ip::address const& from);

    // Of the one who has this address: the address, or its network.
    static std::string name_of(net::ip::address const& a);

    client_limits const& limits() const noexcept { return limits_; }
    std::atomic<std::int64_t>& open() noexcept { return open_; } // connections, of all listeners with these clients
    std::size_t size() const;                                    // clients that are remembered

private:
    static key key_of(net::ip::address const& a);
    static bool is_over(client const& c, steady_clock::time_point now);
    void leave(std::map<key, client>::iterator entry);
    void sweep(steady_clock::time_point now);

    client_limits const limits_;
    std::atomic<std::int64_t> open_{0};
    mutable std::mutex mutex_; // guards all below, but for what is inside a pacer
    std::map<key, client> clients_;
    std::size_t sweep_at_ = 1024;
};

} // namespace proxy
