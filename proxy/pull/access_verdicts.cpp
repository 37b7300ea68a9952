#include "proxy/pull/access_verdicts.h"

#include <algorithm>
#include <vector>

namespace proxy {

namespace {

std::string key_of(client_login const& who, std::string_view what) {
    return std::string(who.id()).append(" ").append(what);
}

} // namespace

access_verdicts::word access_verdicts::of(client_login const& who, std::string_view what,
                                          steady_clock::time_point now) const {
    auto const key = key_of(who, what);
    std::lock_guard lock(mutex_);
    auto const found = verdicts_.find(key);
    if (found == verdicts_.end() || now >= found->second.until)
        return word::none;
    return found->second.allowed ? word::allowed : word::refused;
}

void access_verdicts::allow(client_login const& who, std::string_view what, steady_clock::time_point until,
                            steady_clock::time_point now) {
    put(who, what, {true, until}, now);
}

void access_verdicts::refuse(client_login const& who, std::string_view what, steady_clock::time_point now) {
    put(who, what, {false, now + refusal_life}, now);
}

void access_verdicts::put(client_login const& who, std::string_view what, verdict v, steady_clock::time_point now) {
    auto key = key_of(who, what);
    std::lock_guard lock(mutex_);
    if (verdicts_.size() >= max_size)
        make_room(now);
    verdicts_.insert_or_assign(std::move(key), v);
}

void access_verdicts::forget(client_login const& who, std::string_view what) {
    auto const key = key_of(who, what);
    std::lock_guard lock(mutex_);
    verdicts_.erase(key);
}

// A quarter at a time, so that the walk is rare.
void access_verdicts::make_room(steady_clock::time_point now) {
    std::erase_if(verdicts_, [&](auto const& entry) { return now >= entry.second.until; });
    if (verdicts_.size() <= max_size / 4 * 3)
        return;
    std::vector<steady_clock::time_point> ends;
    ends.reserve(verdicts_.size());
    for (auto const& [key, v] : verdicts_)
        ends.push_back(v.until);
    auto const quarter = ends.begin() + static_cast<std::ptrdiff_t>(ends.size() / 4);
    std::nth_element(ends.begin(), quarter, ends.end());
    std::erase_if(verdicts_, [&](auto const& entry) { return entry.second.until <= *quarter; });
}

} // namespace proxy
