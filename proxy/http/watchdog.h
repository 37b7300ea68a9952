// Closes connections that outstay their deadline.
//
// A timer per operation costs more than a small request does; here each connection of a worker notes the time by which
// its present step must be over, and one sweep a second looks at all of them. Precision is that second.
#pragma once

#include "proxy/limit.h"
#include "proxy/runtime/fair_queue.h"
#include "proxy/runtime/net.h"

#include <boost/intrusive/list.hpp>

#include <optional>
#include <utility>

namespace proxy {

class watchdog {
public:
    // A place in the list for as long as the object lives. All of it on one worker's thread.
    class entry : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    public:
        entry(watchdog& dog, tcp_socket& socket) : socket_(socket) { dog.entries_.push_back(*this); }
        entry(entry const&) = delete;
        entry& operator=(entry const&) = delete;

        // `over` is the limit that is met if the time runs out; none, if nobody needs to know.
        void expire_after(limit over, steady_clock::duration d, steady_clock::time_point now) noexcept {
            over_ = over;
            due_ = now + d;
        }
        // A request has come, and all of it has to be over by then, however well it goes; or it is over.
        void begin_request(steady_clock::time_point until) noexcept { request_due_ = until; }
        void end_request() noexcept { request_due_ = steady_clock::time_point::max(); }
        // From that time on it is late as soon as that queue calls a place back; null: whoever wants one waits.
        void give_way(fair_queue* q, steady_clock::time_point from) noexcept {
            held_ = q;
            gives_way_from_ = from;
        }
        // Nothing is asked for: a stop may close it, from that time on.
        void set_idle(steady_clock::time_point from) noexcept { idle_from_ = from; }
        void set_busy() noexcept { idle_from_ = steady_clock::time_point::max(); }

    private:
        friend class watchdog;
        std::optional<limit> met(steady_clock::time_point now) const {
            if (due_ <= now)
                return over_;
            if (request_due_ <= now)
                return limit::request_timeout;
            if (held_ && gives_way_from_ <= now && !closed_ && held_->call_back(now))
                return limit::write_timeout;
            return std::nullopt;
        }

        tcp_socket& socket_;
        limit over_ = limit::none;
        bool closed_ = false; // for being late: counted once, whatever its coroutine still does
        steady_clock::time_point due_ = steady_clock::time_point::max();
        steady_clock::time_point request_due_ = steady_clock::time_point::max();
        steady_clock::time_point idle_from_ = steady_clock::time_point::max();
        fair_queue* held_ = nullptr;
        steady_clock::time_point gives_way_from_;
    };

    // Calls late(limit) once for each connection that is late.
    template <class F>
    void sweep(steady_clock::time_point now, F&& late) {
        for (auto& e : entries_) {
            auto const met = e.met(now);
            if (!met)
                continue;
            close(e);
            if (!std::exchange(e.closed_, true))
                late(*met);
        }
    }
    // A request that has arrived by then is still read and answered.
    void close_idle(steady_clock::time_point now) {
        for (auto& e : entries_)
            if (e.idle_from_ <= now)
                close(e, tcp_socket::shutdown_receive);
    }
    void close_all() {
        for (auto& e : entries_)
            close(e);
    }

private:
    // The connection's pending operation ends, and its coroutine does the rest. The descriptor stays: a thread of the
    // disk pool may be sending to it, and must not find another connection under its number.
    static void close(entry& e, tcp_socket::shutdown_type what = tcp_socket::shutdown_both) {
        error_code ignored;
        e.socket_.shutdown(what, ignored);
    }

    boost::intrusive::list<entry, boost::intrusive::constant_time_size<false>> entries_;
};

} // namespace proxy
