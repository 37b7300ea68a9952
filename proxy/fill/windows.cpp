#include "proxy/fill/windows.h"

#include <algorithm>

namespace proxy {

windows::windows(std::uint64_t size, std::uint64_t window)
    : size_(size), window_(window), entries_((size + window - 1) / window) {}

std::uint64_t windows::length_of(std::size_t index) const noexcept {
    return std::min(window_, size_ - index * window_);
}

void windows::note_progress() {
    progress_.publish({}); // the version is the news
}

windows::step windows::next(std::uint64_t at, bool connected) {
    step out;
    bool told = false;
    {
        std::lock_guard const lock(mutex_);
        front_ = at / window_;
        auto& e = entries_[front_];
        auto const inside = at - front_ * window_;
        // What a connection left behind is not worth giving up one that is here.
        bool const left_behind = connected && e.by != holder::beside && e.got < length_of(front_);
        if (e.got > inside && !left_behind)
            return {next_step::take_in, e.got - inside};
        bool const taken_back = e.by == holder::beside && connected && e.got == 0 && !e.writing;
        if (e.by == holder::beside && !taken_back)
            return {next_step::wait};
        told = taken_back || e.wanted; // who waits for it has to wait for the fill now
        e.by = holder::fill;
        e.wanted = false;
        out = {next_step::fetch, length_of(front_) - inside};
    }
    if (told)
        note_progress();
    return out;
}

std::uint64_t windows::free_until(std::uint64_t at) const {
    std::lock_guard const lock(mutex_);
    auto index = at / window_ + 1;
    bool const others_come = spreading_ && !stopped_;
    while (!others_come && index < entries_.size() && entries_[index].by == holder::nobody && entries_[index].got == 0)
        ++index;
    return std::min<std::uint64_t>(size_, index * window_);
}

void windows::spread() {
    std::lock_guard const lock(mutex_);
    spreading_ = true;
}

bool windows::spreading() const {
    std::lock_guard const lock(mutex_);
    return spreading_ && !stopped_;
}

void windows::stop() {
    {
        std::lock_guard const lock(mutex_);
        stopped_ = true;
        for (auto const index : wanted_)
            entries_[index].wanted = false;
        wanted_.clear();
    }
    note_progress();
}

std::optional<std::size_t> windows::find_free() {
    if (stopped_)
        return {};
    while (!wanted_.empty()) {
        auto const index = wanted_.front();
        wanted_.pop_front();
        entries_[index].wanted = false;
        if (index > front_ && entries_[index].by == holder::nobody && entries_[index].got == 0)
            return index;
    }
    if (!spreading_)
        return {};
    for (auto index = front_ + 1; index < entries_.size(); ++index)
        if (entries_[index].by == holder::nobody && entries_[index].got == 0)
            return index;
    return {};
}

std::optional<windows::window> windows::claim() {
    std::lock_guard const lock(mutex_);
    auto const index = find_free();
    if (!index)
        return {};
    entries_[*index].by = holder::beside;
    return window{*index, *index * window_, *index * window_ + length_of(*index)};
}

bool windows::anything_to_claim() const {
    std::lock_guard const lock(mutex_);
    if (stopped_)
        return false;
    if (!wanted_.empty())
        return true;
    if (!spreading_)
        return false;
    return std::any_of(entries_.begin() + static_cast<std::ptrdiff_t>(std::min(front_ + 1, entries_.size())),
                       entries_.end(), [](entry const& e) { return e.by == holder::nobody && e.got == 0; });
}

bool windows::begin_write(std::size_t index) {
    std::lock_guard const lock(mutex_);
    entries_[index].writing = entries_[index].by == holder::beside;
    return entries_[index].writing;
}

void windows::end_write(std::size_t index, std::uint64_t bytes) {
    {
        std::lock_guard const lock(mutex_);
        auto& e = entries_[index];
        e.writing = false;
        e.got += bytes;
        if (e.got == length_of(index))
            e.by = holder::nobody;
    }
    note_progress();
}

void windows::give_up(std::size_t index) {
    {
        std::lock_guard const lock(mutex_);
        auto& e = entries_[index];
        e.writing = false;
        if (e.by == holder::beside)
            e.by = holder::nobody;
    }
    note_progress();
}

std::uint64_t windows::readable(std::uint64_t at) const {
    std::lock_guard const lock(mutex_);
    auto const index = at / window_;
    if (index >= entries_.size())
        return 0;
    auto const inside = at - index * window_;
    return entries_[index].got > inside ? entries_[index].got - inside : 0;
}

bool windows::want(std::uint64_t at) {
    std::lock_guard const lock(mutex_);
    auto const index = at / window_;
    if (index <= front_ || index >= entries_.size())
        return false;
    auto& e = entries_[index];
    if (e.by == holder::beside)
        return true;
    if (stopped_ || e.by == holder::fill || e.got > 0 || index == front_ + 1)
        return false;
    if (e.wanted)
        return true;
    if (wanted_.size() == wanted_max)
        return false;
    e.wanted = true;
    wanted_.push_back(index);
    return true;
}

} // namespace proxy
