// How many requests may be under way at once, and whose turn is next when there is no place: the clients' in rotation,
// each client's own in their order. Who asks for a thousand images waits for himself, not the others for him. Where
// places are held for long they can have a bound for each client too, or turns would come too late for the others.
#pragma once

#include "proxy/runtime/deadline.h"
#include "proxy/runtime/event.h"
#include "proxy/runtime/worker.h"

#include <atomic>
#include <cstddef>
#include <deque>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace proxy {

// Any thread. Kept in a shared_ptr, which its places share: they may outlive everything else.
class fair_queue : public std::enable_shared_from_this<fair_queue> {
public:
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
    // Beyond, there is no place however long one waits, but for the first request of a client that has none waiting:
    // who fills the queue keeps no other out of it.
    static constexpr std::size_t max_waiting = 4096;

    // One request under way; gone, the next has its turn.
    class place {
    public:
        place(std::shared_ptr<fair_queue> q, std::string client) : queue_(std::move(q)), client_(std::move(client)) {}
        place(place&& other) noexcept = default;
        place& operator=(place&& other) noexcept {
            std::swap(queue_, other.queue_);
            std::swap(client_, other.client_);
            return *this;
        }
        ~place() {
            if (queue_)
                queue_->leave(client_);
        }

        fair_queue& queue() const noexcept { return *queue_; }

    private:
        std::shared_ptr<fair_queue> queue_;
        std::string client_;
    };

    // `of_one`: so many places at most are one client's.
    explicit fair_queue(std::size_t places, std::size_t of_one = unlimited) : places_(places), of_one_(of_one) {}

    // A place for `client`, at once or when it is its turn; none by the deadline, or if too many wait. Runs on `w`.
    task<std::optional<place>> enter(worker& w, std::string client, deadline d);

    // More or fewer from now on; those who have a place keep it. Any thread.
    void resize(std::size_t places);

    // Whether who holds a place for the sake of a client that takes its time is to give it up now: somebody waits who
    // would have it, and for whom none has been called back in the last seconds. True: it will be given back, unless
    // others share it. Takes no lock where nobody waits.
    bool call_back(steady_clock::time_point now);

    std::size_t waiting() const;
    std::size_t under_way() const;

private:
    struct waiter {
        waiter(worker& w) : home(w.executor()) {}

        executor home;
        event called;           // on home's thread
        bool has_place = false; // guarded by mutex_
    };
    using waiter_ptr = std::shared_ptr<waiter>;
    struct client_line {
        std::string client;
        std::deque<waiter_ptr> waiting;
    };

    bool take_at_once(std::string const& client);
    bool join(std::string const& client, waiter_ptr const& w);
    bool give_up(waiter_ptr const& w); // true if it was given a place meanwhile
    void leave(std::string const& client);
    bool may_take(std::string const& client) const; // under mutex_, as below: false if it has as many as it may
    bool take(std::string const& client);
    void call_next();
    std::size_t count_wanted() const;

    mutable std::mutex mutex_; // guards all below
    std::size_t places_;
    std::size_t const of_one_;
    std::size_t taken_ = 0;
    std::unordered_map<std::string, std::size_t> taken_by_; // where that is bounded; none: not here
    std::size_t waiting_ = 0;
    std::list<client_line> lines_;     // of clients that wait, in the order of their turns
    std::atomic<bool> wanted_ = false; // by somebody who may have one
    std::size_t called_back_ = 0;      // places, and none of them is back
    steady_clock::time_point called_back_at_{};
};

} // namespace proxy
