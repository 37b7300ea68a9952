#include "proxy/upstream/connection_pool.h"

#include <algorithm>

namespace proxy {

void connection_lease::give_back(steady_clock::time_point now) {
    auto const pool = home_.lock();
    if (pool && connection_)
        pool->put(std::move(connection_), now);
    connection_.reset();
}

connection_lease connection_pool::take(origin const& to, steady_clock::time_point now,
                                       steady_clock::time_point distrusted) {
    drop_old(now);
    auto found = idle_.find(to);
    if (found != idle_.end() && !found->second.empty() && found->second.back().since <= distrusted) {
        drop(to); // the others are older
        found = idle_.end();
    }
    while (found != idle_.end() && !found->second.empty()) {
        auto line = std::move(found->second.back().line);
        found->second.pop_back();
        --count_;
        if (line->is_quiet())
            return {std::move(line), weak_from_this(), true};
    }
    return {nullptr, weak_from_this(), true};
}

void connection_pool::drop(origin const& to) {
    auto const found = idle_.find(to);
    if (found == idle_.end())
        return;
    count_ -= found->second.size();
    idle_.erase(found);
}

connection_lease connection_pool::adopt(std::unique_ptr<connection> fresh) {
    return {std::move(fresh), weak_from_this(), false};
}

void connection_pool::put(std::unique_ptr<connection> c, steady_clock::time_point now) {
    drop_old(now);
    if (count_ >= max_idle)
        return;
    auto& same = idle_[c->peer()];
    if (same.size() >= max_idle_per_origin)
        return;
    same.push_back({std::move(c), now});
    ++count_;
}

void connection_pool::drop_old(steady_clock::time_point now) {
    for (auto at = idle_.begin(); at != idle_.end();) {
        auto& lines = at->second;
        auto const young = std::ranges::find_if(lines, [&](idle const& i) { return now - i.since < max_idle_age; });
        count_ -= static_cast<std::size_t>(young - lines.begin());
        lines.erase(lines.begin(), young);
        at = lines.empty() ? idle_.erase(at) : std::next(at);
    }
}

} // namespace proxy
