#include "proxy/fill/fill_table.h"

#include "proxy/pull/lookup.h"
#include "proxy/runtime/spawn.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <ctime>

namespace proxy {

namespace {

constexpr std::size_t least_share = 16;

std::shared_ptr<fill> refused(std::shared_ptr<fill> f, std::string message) {
    auto why = std::make_shared<error const>(overloaded(std::move(message), limit::fills));
    f->state().publish({fill_stage::failed, 0, 0, nullptr, std::move(why)});
    return f;
}

} // namespace

std::size_t fill_table::share_of_client(std::size_t max_fills) noexcept {
    return std::min(max_fills, std::max(max_fills / 4, least_share));
}

fill_table::joined fill_table::join(worker& w, oci::digest const& d, fill_source source) {
    std::shared_ptr<fill> f;
    {
        std::lock_guard lock(mutex_);
        std::pair<upstream const*, oci::digest> const key(source.from, d);
        auto const found = fills_.find(key);
        if (found != fills_.end())
            return {found->second, false};
        f = std::make_shared<fill>(d, std::move(source));
        if (fills_.size() >= max_fills_)
            return {refused(std::move(f), "too many downloads are under way"), false};
        if (!take_share(f->source().by.client))
            return {refused(std::move(f), "too many downloads that you began are under way"), false};
        fills_.emplace(key, f);
    }
    counts_.running_fills.fetch_add(1, std::memory_order_relaxed);
    spawn(w.executor(), "fill", [this, &w, f] { return run(w, f); });
    return {f, true};
}

std::vector<std::shared_ptr<fill>> fill_table::running() const {
    std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<fill>> all;
    all.reserve(fills_.size());
    for (auto const& [key, f] : fills_)
        all.push_back(f);
    return all;
}

// What layerd begins by itself is bounded where it is begun.
bool fill_table::take_share(std::string const& client) {
    if (client.empty())
        return true;
    auto& begun = begun_by_[client];
    if (begun >= client_share_)
        return false;
    ++begun;
    return true;
}

void fill_table::forget(fill const& f) {
    std::lock_guard lock(mutex_);
    fills_.erase({f.source().from, f.digest()});
    auto const share = begun_by_.find(f.source().by.client);
    if (share != begun_by_.end() && --share->second == 0)
        begun_by_.erase(share);
}

// Order at the end: commit, remove the entry, publish. A new fill looks in the store first, so neither side of that
// race downloads twice. Of two upstreams' fills that run beside each other the second to end adopts what the first has
// stored.
task<void> fill_table::run(worker& w, std::shared_ptr<fill> f) {
    std::optional<result<fill_state>> outcome;
    try {
        auto ended = co_await outcome_of(w, f);
        outcome.emplace(std::move(ended));
    } catch (std::exception const& e) {
        outcome.emplace(internal_error(e.what()));
    }
    forget(*f);
    if (*outcome) {
        f->state().publish(std::move(**outcome));
    } else {
        auto const& e = outcome->error();
        spdlog::warn("fill of {} for {} failed: {}", f->digest().to_string(), f->source().repository_name, for_log(e));
        f->state().publish({fill_stage::failed, 0, 0, nullptr, std::make_shared<error const>(e)});
    }
    counts_.running_fills.fetch_sub(1, std::memory_order_relaxed);
}

task<result<fill_state>> fill_table::outcome_of(worker& w, std::shared_ptr<fill> f) {
    if (co_await already_stored(f->digest()))
        co_return fill_state{fill_stage::superseded, 0, 0, nullptr, nullptr};
    auto downloaded = co_await download(w, f, means_);
    if (downloaded && downloaded->stage == fill_stage::done)
        co_await link_source(*f, downloaded->size);
    co_return downloaded;
}

// Whether a fill before this one has just stored the content.
task<bool> fill_table::already_stored(oci::digest const& d) {
    auto find = [&](store::access a) { return means_.content.find(d, a); };
    auto found = co_await look_up(means_.disk, find);
    co_return found&&* found;
}

task<void> fill_table::link_source(fill const& f, std::uint64_t size) {
    auto const& s = f.source();
    store::link const now{size, s.media_type, s.kind, std::time(nullptr), true};
    auto put = [&] { return means_.content.index().put_link(s.repository_name, f.digest(), now); };
    auto linked = co_await on_disk(means_.disk, put);
    if (!linked)
        spdlog::warn("{}: not linked to {}: {}", f.digest().to_string(), s.repository_name, linked.error().message);
}

} // namespace proxy
