// Many ask for the same thing at once; it is done once, and all get the one answer.
//
// The work belongs to no caller: it runs as a coroutine of its own, so a client that leaves cancels nothing for the
// others. An answer lives only until its flight ends; keeping it is the caller's business.
#pragma once

#include "proxy/error.h"
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
        auto seen = flight->get();
        while (!seen.value)
            seen = co_await flight->changed(seen.version);
        co_return answer{std::move(*seen.value), !started};
    }

private:
    using channel = watch<std::optional<result<T>>>;

    std::pair<std::shared_ptr<channel>, bool> join(std::string const& key) {
        std::lock_guard lock(mutex_);
        auto& slot = flights_[key];
        if (slot)
            return {slot, false};
        slot = std::make_shared<channel>(std::nullopt);
        return {slot, true};
    }

    void launch(worker& w, std::string key, std::shared_ptr<channel> flight, work f) {
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
            flight->publish(std::move(value));
        });
    }

    std::mutex mutex_; // guards flights_
    std::map<std::string, std::shared_ptr<channel>> flights_;
};

} // namespace proxy
