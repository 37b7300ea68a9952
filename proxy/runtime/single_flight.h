// Many ask for the same thing at once; it is done once, and all get the one answer.
//
// The work belongs to no caller: it runs as a coroutine of its own, so a client that leaves, or has waited long enough,
// cancels nothing for the others. An answer lives only until its flight ends; keeping it is the caller's business.
#pragma once

#include "proxy/error.h"
#include "proxy/runtime/deadline.h"
#include "proxy/runtime/spawn.h"
#include "proxy/runtime/watch.h"
#include "proxy/runtime/worker.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace proxy {

// T must be copyable; large values go in a shared_ptr.
template <class T>
class single_flight {
public:
    using work = std::function<task<result<T>>()>;

    struct answer {
        result<T> value;
        bool shared = false; // joined a flight that another caller had started
    };

    // Joins the flight of `key`, or starts `f` on `w`. Any thread; resumes on the caller's executor. `f` must own
    // what it uses or outlive the flight, and must end in bounded time. This object must outlive every flight.
    task<answer> run(worker& w, std::string key, work f) {
        auto [flight, started] = join(key);
        if (started)
            launch(w, std::move(key), flight, std::move(f));
        auto seen = co_await landing_of(flight);
        co_return answer{std::move(seen), !started};
    }

    // The same, on `w`'s own thread, but waits no longer than until the flight is `patience` old, however late it was
    // joined: nothing then, and the flight goes on.
    task<std::optional<answer>> run_for(worker& w, std::string key, work f, steady_clock::duration patience) {
        auto [flight, started] = join(key);
        if (started)
            launch(w, std::move(key), flight, std::move(f));
        co_await wait(w, flight, deadline(flight->began + patience));
        auto seen = flight->landing.get();
        if (!seen.value)
            co_return std::nullopt;
        co_return answer{std::move(*seen.value), !started};
    }

    // The same as run, on `w`'s own thread, and by `d`: 504 then, while the flight goes on. One that ran out of its
    // starter's time says nothing to who has more left: he starts another.
    task<answer> run_by(worker& w, std::string key, work f, deadline d) {
        for (;;) {
            auto [flight, started] = join(key);
            if (started)
                launch(w, key, flight, f);
            co_await wait(w, flight, d);
            auto seen = flight->landing.get();
            if (!seen.value)
                co_return answer{upstream_error(504, "upstream has not answered in time"), !started};
            bool const out_of_anothers_time = !started && !*seen.value && seen.value->error().status == 504;
            if (!out_of_anothers_time || d.passed())
                co_return answer{std::move(*seen.value), !started};
        }
    }

    // Starts it unless it is under way, and waits for nothing.
    void start(worker& w, std::string key, work f) {
        auto [flight, started] = join(key);
        if (started)
            launch(w, std::move(key), flight, std::move(f));
    }

private:
    struct flight_state {
        watch<std::optional<result<T>>> landing{std::nullopt};
        steady_clock::time_point const began = steady_clock::now();
    };
    using flight_ptr = std::shared_ptr<flight_state>;

    static task<result<T>> landing_of(flight_ptr flight) {
        auto seen = flight->landing.get();
        while (!seen.value)
            seen = co_await flight->landing.changed(seen.version);
        co_return std::move(*seen.value);
    }

    static task<void> wait(worker& w, flight_ptr flight, deadline d) {
        if (d.passed())
            co_return;
        auto bell = std::make_shared<steady_timer>(w.executor(), d.at());
        spawn(w.executor(), "wait for a flight", [flight, bell]() -> task<void> {
            auto landed = co_await landing_of(flight);
            bell->expires_at(steady_clock::time_point::min()); // also for a wait that has not begun
        });
        error_code ignored;
        co_await bell->async_wait(net::redirect_error(use_task, ignored));
    }

    std::pair<flight_ptr, bool> join(std::string const& key) {
        std::lock_guard lock(mutex_);
        auto& slot = flights_[key];
        if (slot)
            return {slot, false};
        slot = std::make_shared<flight_state>();
        return {slot, true};
    }

    void launch(worker& w, std::string key, flight_ptr flight, work f) {
        spawn(w.executor(), "single flight", [this, key = std::move(key), flight, f = std::move(f)]() -> task<void> {
            std::optional<result<T>> value;
            try {
                auto done = co_await f();
                value.emplace(std::move(done));
            } catch (std::exception const& e) {
                value.emplace(internal_error(e.what()));
            }
            {
                std::lock_guard lock(mutex_);
                flights_.erase(key);
            }
            flight->landing.publish(std::move(value));
        });
    }

    std::mutex mutex_; // guards flights_
    std::map<std::string, flight_ptr> flights_;
};

} // namespace proxy
