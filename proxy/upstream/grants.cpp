#include "proxy/upstream/grants.h"

#include <algorithm>

namespace proxy {

grant granted(token_request const& request, token issued, steady_clock::time_point now) {
    auto const life = std::chrono::duration_cast<steady_clock::duration>(issued.life);
    return {secret("Bearer " + issued.value.text()), request, now + life / 10 * 9, now + life};
}

std::size_t grant_store::size() const {
    std::lock_guard lock(mutex_);
    return grants_.size();
}

// A token that is good for nothing any more is still nobody's business.
void grant_store::sweep(steady_clock::time_point now) {
    if (now - swept_at_ < sweep_every && grants_.size() < max_size)
        return;
    swept_at_ = now;
    std::erase_if(grants_, [&](auto const& e) { return now >= e.second.expires_at; });
}

std::optional<grant> grant_store::find(std::string const& key, steady_clock::time_point now) {
    std::lock_guard lock(mutex_);
    sweep(now);
    auto const found = grants_.find(key);
    if (found == grants_.end() || now >= found->second.expires_at)
        return {};
    return found->second;
}

void grant_store::put(std::string const& key, grant g, steady_clock::time_point now) {
    std::lock_guard lock(mutex_);
    sweep(now);
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
