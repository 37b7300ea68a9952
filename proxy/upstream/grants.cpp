#include "proxy/upstream/grants.h"

#include <algorithm>

namespace proxy {

grant granted(token_request const& request, token issued, steady_clock::time_point now) {
    auto const life = std::chrono::duration_cast<steady_clock::duration>(issued.life);
    return {"Bearer " + issued.value, request, now + life / 10 * 9, now + life};
}

std::optional<grant> grant_store::find(std::string const& key, steady_clock::time_point now) const {
    std::lock_guard lock(mutex_);
    auto const found = grants_.find(key);
    if (found == grants_.end() || now >= found->second.expires_at)
        return {};
    return found->second;
}

void grant_store::put(std::string const& key, grant g, steady_clock::time_point now) {
    std::lock_guard lock(mutex_);
    if (grants_.size() >= max_size)
        std::erase_if(grants_, [&](auto const& e) { return now >= e.second.expires_at; });
    if (grants_.size() >= max_size) {
        auto const soonest = std::ranges::min_element(grants_, {}, [](auto const& e) { return e.second.expires_at; });
        grants_.erase(soonest);
    }
    grants_.insert_or_assign(key, std::move(g));
}

void grant_store::drop(std::string const& key, std::string_view authorization) {
    std::lock_guard lock(mutex_);
    auto const found = grants_.find(key);
    if (found != grants_.end() && found->second.authorization == authorization)
        grants_.erase(found);
}

} // namespace proxy
