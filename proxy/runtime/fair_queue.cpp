#include "proxy/runtime/fair_queue.h"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace proxy {

task<std::optional<fair_queue::place>> fair_queue::enter(worker& w, std::string client, deadline d) {
    if (take_at_once(client))
        co_return std::make_optional<place>(shared_from_this(), std::move(client));
    auto const me = std::make_shared<waiter>(w);
    if (!join(client, me))
        co_return std::nullopt;
    // A frame that is destroyed in its wait must not leave a place to nobody.
    struct departure {
        std::shared_ptr<fair_queue> queue;
        waiter_ptr who;
        std::string const& client;
        ~departure() {
            if (who && queue->give_up(who))
                queue->leave(client);
        }
    };
    departure left{shared_from_this(), me, client};
    co_await me->called.wait(w.executor(), d);
    bool const has_place = give_up(me);
    left.who.reset();
    if (!has_place)
        co_return std::nullopt;
    co_return std::make_optional<place>(shared_from_this(), std::move(client));
}

void fair_queue::resize(std::size_t places) {
    std::lock_guard lock(mutex_);
    places_ = places;
    call_next();
}

std::size_t fair_queue::waiting() const {
    std::lock_guard lock(mutex_);
    return waiting_;
}

std::size_t fair_queue::under_way() const {
    std::lock_guard lock(mutex_);
    return taken_;
}

// While a place is free, those who wait have as many as they may: call_next() leaves it to nobody else.
bool fair_queue::take_at_once(std::string const& client) {
    std::lock_guard lock(mutex_);
    return taken_ < places_ && take(client);
}

bool fair_queue::may_take(std::string const& client) const {
    auto const n = taken_by_.find(client);
    return n == taken_by_.end() || n->second < of_one_;
}

bool fair_queue::take(std::string const& client) {
    if (!may_take(client))
        return false;
    if (of_one_ != unlimited)
        ++taken_by_[client];
    ++taken_;
    return true;
}

bool fair_queue::join(std::string const& client, waiter_ptr const& w) {
    std::lock_guard lock(mutex_);
    auto line = std::ranges::find(lines_, client, &client_line::client);
    if (waiting_ >= (line == lines_.end() ? 2 * max_waiting : max_waiting))
        return false;
    if (line == lines_.end())
        line = lines_.insert(lines_.end(), client_line{client, {}});
    line->waiting.push_back(w);
    ++waiting_;
    call_next(); // a place may have become free since
    return true;
}

bool fair_queue::give_up(waiter_ptr const& w) {
    std::lock_guard lock(mutex_);
    if (w->has_place)
        return true;
    for (auto line = lines_.begin(); line != lines_.end(); ++line) {
        if (std::erase(line->waiting, w) == 0)
            continue;
        --waiting_;
        if (line->waiting.empty())
            lines_.erase(line);
        call_next();
        return false;
    }
    return false;
}

void fair_queue::leave(std::string const& client) {
    std::lock_guard lock(mutex_);
    --taken_;
    called_back_ -= std::min<std::size_t>(called_back_, 1); // or one in its stead
    if (auto const n = taken_by_.find(client); n != taken_by_.end() && --n->second == 0)
        taken_by_.erase(n);
    call_next();
}

void fair_queue::call_next() {
    for (auto line = lines_.begin(); taken_ < places_ && line != lines_.end();) {
        if (!take(line->client)) {
            ++line;
            continue;
        }
        auto const next = std::move(line->waiting.front());
        line->waiting.pop_front();
        auto const called = line++;
        if (called->waiting.empty())
            lines_.erase(called);
        else
            lines_.splice(lines_.end(), lines_, called); // its next turn comes after the others'
        --waiting_;
        next->has_place = true;
        net::post(next->home, [next] { next->called.set(); });
    }
    // Those who have what they may wait for their own.
    wanted_ = std::ranges::any_of(lines_, [&](auto const& line) { return may_take(line.client); });
}

std::size_t fair_queue::count_wanted() const {
    std::size_t n = 0;
    for (auto const& line : lines_) {
        auto const taken = taken_by_.find(line.client);
        n += std::min(line.waiting.size(), of_one_ - (taken == taken_by_.end() ? 0 : taken->second));
    }
    return n;
}

bool fair_queue::call_back(steady_clock::time_point now) {
    constexpr std::chrono::seconds patience{3}; // with who gives a place up
    if (!wanted_)
        return false;
    std::lock_guard lock(mutex_);
    if (now >= called_back_at_ + patience)
        called_back_ = 0;
    if (called_back_ >= count_wanted())
        return false;
    ++called_back_;
    called_back_at_ = now;
    return true;
}

} // namespace proxy
