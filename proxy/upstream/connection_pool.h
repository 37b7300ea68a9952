// Idle connections, kept for the next request to the same origin.
//
// A lease owns a connection. It is given back only by saying so, which is right only after an answer was read to its
// end and the peer keeps the connection open; any other end of a lease closes it.
#pragma once

#include "proxy/upstream/connection.h"

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

namespace proxy {

class connection_pool;

class connection_lease {
public:
    connection_lease(std::unique_ptr<connection> c, std::weak_ptr<connection_pool> home, bool reused)
        : connection_(std::move(c)), home_(std::move(home)), reused_(reused) {}

    explicit operator bool() const noexcept { return connection_ != nullptr; }
    connection& operator*() const noexcept { return *connection_; }
    connection* operator->() const noexcept { return connection_.get(); }

    bool reused() const noexcept { return reused_; } // has carried an earlier request, and may have died since

    void give_back(steady_clock::time_point now);
    void close() noexcept { connection_.reset(); }

private:
    std::unique_ptr<connection> connection_;
    std::weak_ptr<connection_pool> home_; // a lease may outlive the pool
    bool reused_;
};

// Belongs to one io_context's thread. Idle connections that grew too old go whenever one is taken or given back.
class connection_pool : public std::enable_shared_from_this<connection_pool> {
public:
    static constexpr std::size_t max_idle_per_origin = 32;
    static constexpr std::size_t max_idle = 128;
    static constexpr seconds max_idle_age{55}; // nginx closes after 75 s, many load balancers after 60 s

    // The connection used last, if one is there, young enough, and not closed by its peer. Else an empty lease. What
    // has been idle since `distrusted` or longer is dropped.
    connection_lease take(origin const& to, steady_clock::time_point now,
                          steady_clock::time_point distrusted = steady_clock::time_point::min());
    void drop(origin const& to);

    // A lease of a connection that the caller opened.
    connection_lease adopt(std::unique_ptr<connection> fresh);

    std::size_t idle_count() const noexcept { return count_; }

private:
    friend class connection_lease;

    struct idle {
        std::unique_ptr<connection> line;
        steady_clock::time_point since;
    };

    void put(std::unique_ptr<connection> c, steady_clock::time_point now);
    void drop_old(steady_clock::time_point now);

    std::map<origin, std::vector<idle>> idle_; // oldest first
    std::size_t count_ = 0;
};

} // namespace proxy
