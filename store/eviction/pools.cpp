#include "store/eviction/pools.h"

#include "store/eviction/gdsf.h"
#include "store/eviction/lru.h"
#include "store/eviction/s3_fifo.h"

#include <algorithm>
#include <utility>

namespace store {
namespace {

constexpr std::uint64_t small_bytes = 1 << 20;
constexpr std::array all_pools{pool::small, pool::build_cache, pool::layers};

std::size_t index_of(pool p) noexcept {
    return static_cast<std::size_t>(p);
}

} // namespace

static_assert(sizeof(eviction_entry) <= 32, "there is one for every object");

std::string_view to_string(pool p) noexcept {
    switch (p) {
    case pool::small:
        return "small";
    case pool::build_cache:
        return "build_cache";
    case pool::layers:
        return "layers";
    }
    return "";
}

pool pool_of(object_kind kind, std::uint64_t size) noexcept {
    if (size <= small_bytes)
        return pool::small;
    return kind == object_kind::cache_blob ? pool::build_cache : pool::layers;
}

double pool_options::share(pool p) const noexcept {
    switch (p) {
    case pool::small:
        return small;
    case pool::build_cache:
        return build_cache;
    case pool::layers:
        return 1 - small - build_cache;
    }
    return 0;
}

eviction_pools::eviction_pools(eviction_entries& entries, std::uint64_t capacity, pool_options const& options)
    : entries_(entries), options_(options) {
    pools_[index_of(pool::small)].policy = std::make_unique<gdsf>(entries);
    pools_[index_of(pool::build_cache)].policy = std::make_unique<lru>(entries);
    pools_[index_of(pool::layers)].policy =
        std::make_unique<s3_fifo>(entries, s3_fifo_options{.probation = options.probation});
    set_capacity(capacity);
}

eviction_pools::~eviction_pools() = default;

void eviction_pools::set_capacity(std::uint64_t bytes) {
    for (auto const p : all_pools)
        pools_[index_of(p)].target = options_.share(p) * static_cast<double>(bytes);
}

void eviction_pools::admit(entry_id id, pool p, std::uint64_t fingerprint) {
    auto& to = enter(id, p);
    to.policy->admit(id, fingerprint);
}

void eviction_pools::restore(entry_id id, pool p, bool used_again) {
    auto& to = enter(id, p);
    to.policy->restore(id, used_again);
}

eviction_pools::one& eviction_pools::enter(entry_id id, pool p) {
    auto& e = entries_[id];
    auto& to = pools_[index_of(p)];
    e.pool = static_cast<std::uint8_t>(p);
    to.bytes += e.bytes;
    ++to.count;
    return to;
}

void eviction_pools::touch(entry_id id) {
    pools_[entries_[id].pool].policy->touch(id);
}

void eviction_pools::remove(entry_id id, std::uint64_t fingerprint, bool evicted) {
    auto const& e = entries_[id];
    auto& from = pools_[e.pool];
    from.policy->remove(id, fingerprint, evicted);
    from.bytes -= e.bytes;
    --from.count;
    for (auto& p : pools_)
        p.spared = 0;
}

// Of the pools that have something left to propose, the one that is furthest above its target. Once each of them has
// proposed all it has, the round begins anew.
std::optional<entry_id> eviction_pools::victim() {
    auto const has_more = [](one const& p) { return p.spared < p.count; };
    if (std::none_of(pools_.begin(), pools_.end(), has_more))
        for (auto& p : pools_)
            p.spared = 0;
    auto const fullness = [&](one const& p) {
        return has_more(p) ? static_cast<double>(p.bytes) / std::max(p.target, 1.0) : -1;
    };
    auto& fullest = *std::max_element(pools_.begin(), pools_.end(),
                                      [&](one const& a, one const& b) { return fullness(a) < fullness(b); });
    return fullest.policy->victim();
}

void eviction_pools::spare(entry_id id) {
    auto& p = pools_[entries_[id].pool];
    ++p.spared;
    p.policy->spare(id);
}

std::uint64_t eviction_pools::bytes(pool p) const noexcept {
    return pools_[index_of(p)].bytes;
}

std::uint64_t eviction_pools::bytes() const noexcept {
    std::uint64_t sum = 0;
    for (auto const& p : pools_)
        sum += p.bytes;
    return sum;
}

std::uint64_t eviction_pools::count(pool p) const noexcept {
    return pools_[index_of(p)].count;
}

} // namespace store
