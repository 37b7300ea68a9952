#include "proxy/upstream/login_limits.h"

#include <algorithm>

namespace proxy {

using std::chrono::seconds;

seconds login_limits::left(std::string const& who) const {
    auto const now = now_();
    std::lock_guard lock(mutex_);
    auto const found = until_.find(who);
    if (found == until_.end() || now >= found->second)
        return seconds(0);
    return std::chrono::ceil<seconds>(found->second - now);
}

seconds login_limits::rest(std::string const& who, std::optional<seconds> wait) {
    auto const time = std::max(wait.value_or(guess), seconds(1));
    auto const now = now_();
    std::lock_guard lock(mutex_);
    std::erase_if(until_, [&](auto const& entry) { return now >= entry.second; });
    if (until_.size() >= max_size)
        until_.erase(std::ranges::min_element(until_, {}, [](auto const& entry) { return entry.second; }));
    until_.insert_or_assign(who, now + time);
    return time;
}

} // namespace proxy
