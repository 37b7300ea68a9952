#include "proxy/pull/prefetch_history.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace proxy {

std::string client_family(std::string_view user_agent) {
    constexpr std::size_t longest = 40;
    std::string family(user_agent.substr(0, std::min(user_agent.find_first_of("/ ("), longest)));
    for (auto& c : family)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return family;
}

std::size_t prefetch_history::mark_of(oci::digest const& d) noexcept {
    return std::hash<oci::digest>{}(d) % std::tuple_size_v<decltype(marks_)>;
}

bool prefetch_history::manifest_asked(std::string const& client, std::vector<oci::digest> const& layers,
                                      clock::time_point now) {
    std::lock_guard lock(mutex_);
    close_old(now);
    // Who has just seen a manifest and left its layers alone will do so again.
    auto const left_alone = [&](pull const& p) {
        return p.client == client && !p.followed && std::ranges::find(p.layers, layers.front()) != p.layers.end();
    };
    bool const expected = std::ranges::none_of(open_, left_alone) && is_expected(client, now);
    if (open_.size() >= max_open)
        close(open_.begin()); // what became of it nobody will know
    auto const p = open_.insert(open_.end(), {client, layers, now});
    for (auto const& d : layers) {
        layers_.emplace(d, p);
        mark(d);
    }
    return expected;
}

// Seven of eight.
bool prefetch_history::is_expected(std::string const& client, clock::time_point now) {
    auto const& o = of(client, now);
    auto const passed_over = [&](pull const& p) { return p.client == client && !p.followed && p.at + soon <= now; };
    auto const known = o.known + static_cast<unsigned>(std::ranges::count_if(open_, passed_over));
    return o.known > 0 && 8 * static_cast<unsigned>(std::popcount(o.followed)) >= 7 * known;
}

void prefetch_history::fetched_ahead(oci::digest const& d) {
    std::lock_guard lock(mutex_);
    auto const [at, fresh] = ahead_.try_emplace(d);
    if (!fresh)
        return;
    at->second = ahead_order_.insert(ahead_order_.end(), d);
    mark(d);
    if (ahead_.size() <= max_ahead)
        return;
    unmark(ahead_order_.front());
    ahead_.erase(ahead_order_.front());
    ahead_order_.pop_front();
}

bool prefetch_history::blob_asked(std::string const& client, oci::digest const& d, clock::time_point now) {
    std::lock_guard lock(mutex_);
    close_old(now);
    std::vector<open_pulls::iterator> named_by;
    auto const [first, last] = layers_.equal_range(d);
    for (auto at = first; at != last; ++at)
        if (at->second->client == client)
            named_by.push_back(at->second);
    // A layer that different images share does not say which of them is pulled.
    auto const is_other = [&](open_pulls::iterator p) { return p->layers != named_by.front()->layers; };
    if (std::ranges::none_of(named_by, is_other))
        for (auto const p : named_by)
            if (!std::exchange(p->followed, true))
                note(client, true, now);
    auto const ahead = ahead_.find(d);
    if (ahead == ahead_.end())
        return false;
    ahead_order_.erase(ahead->second);
    ahead_.erase(ahead);
    unmark(d);
    return true;
}

prefetch_history::outcomes& prefetch_history::of(std::string const& client, clock::time_point now) {
    auto const [at, fresh] = clients_.try_emplace(client);
    at->second.used = now;
    if (!fresh || clients_.size() <= max_clients)
        return at->second;
    auto oldest = clients_.end();
    for (auto c = clients_.begin(); c != clients_.end(); ++c)
        if (c != at && (oldest == clients_.end() || c->second.used < oldest->second.used))
            oldest = c;
    clients_.erase(oldest);
    return at->second;
}

void prefetch_history::note(std::string const& client, bool followed, clock::time_point now) {
    static_assert(remembered == 8 * sizeof(outcomes::followed));
    auto& o = of(client, now);
    o.followed = static_cast<std::uint16_t>(o.followed << 1 | (followed ? 1 : 0));
    o.known = std::min(o.known + 1, remembered);
}

void prefetch_history::close(open_pulls::iterator p) {
    for (auto const& d : p->layers) {
        auto const [first, last] = layers_.equal_range(d);
        auto const at = std::find_if(first, last, [p](auto const& entry) { return entry.second == p; });
        if (at == last)
            continue;
        layers_.erase(at);
        unmark(d);
    }
    open_.erase(p);
}

void prefetch_history::close_old(clock::time_point now) {
    while (!open_.empty() && open_.front().at + patience < now) {
        auto const p = open_.begin();
        if (!p->followed)
            note(p->client, false, now);
        close(p);
    }
}

} // namespace proxy
