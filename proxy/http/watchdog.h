// Closes connections that outstay their deadline.
//
// A timer per operation costs more than a small request does; here each connection of a worker notes the time by which
// its present step must be over, and one sweep a second looks at all of them. Precision is that second.
#pragma once

#include "proxy/runtime/net.h"

#include <boost/intrusive/list.hpp>

namespace proxy {

class watchdog {
public:
    // A place in the list for as long as the object lives. All of it on one worker's thread.
    class entry : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    public:
        entry(watchdog& dog, tcp_socket& socket) : socket_(socket) { dog.entries_.push_back(*this); }
        entry(entry const&) = delete;
        entry& operator=(entry const&) = delete;

        void expire_after(steady_clock::duration d, steady_clock::time_point now) noexcept { due_ = now + d; }
        bool idle() const noexcept { return idle_; }
        void set_idle(bool idle) noexcept { idle_ = idle; } // between two requests: a stop may close it at once

    private:
        friend class watchdog;
        tcp_socket& socket_;
        steady_clock::time_point due_ = steady_clock::time_point::max();
        bool idle_ = false;
    };

    void sweep(steady_clock::time_point now) {
        for (auto& e : entries_)
            if (e.due_ <= now)
                close(e);
    }
    void close_idle() {
        for (auto& e : entries_)
            if (e.idle_)
                close(e);
    }
    void close_all() {
        for (auto& e : entries_)
            close(e);
    }

private:
    // The connection's pending operation ends, and its coroutine does the rest. The descriptor stays: a thread of the
    // disk pool may be sending to it, and must not find another connection under its number.
    static void close(entry& e) {
        error_code ignored;
        e.socket_.shutdown(tcp_socket::shutdown_both, ignored);
    }

    boost::intrusive::list<entry, boost::intrusive::constant_time_size<false>> entries_;
};

} // namespace proxy
