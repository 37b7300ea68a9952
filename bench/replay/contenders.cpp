#include "bench/replay/contenders.h"

#include "store/eviction/gdsf.h"
#include "store/eviction/lru.h"
#include "store/eviction/s3_fifo.h"

#include <ctime>
#include <optional>

namespace replay {
namespace {

using store::entry_id;

// Stands for the hash of a digest.
std::uint64_t fingerprint_of(object_id id) {
    std::uint64_t x = id + 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

// One policy over everything, with the members that pools have.
class single {
public:
    single(store::eviction_entries& entries, store::eviction_policy& policy) : entries_(entries), policy_(policy) {}

    void admit(entry_id id, store::pool, std::uint64_t fingerprint) {
        bytes_ += entries_[id].bytes;
        policy_.admit(id, fingerprint);
    }
    void touch(entry_id id) { policy_.touch(id); }
    void remove(entry_id id, std::uint64_t fingerprint, bool evicted) {
        policy_.remove(id, fingerprint, evicted);
        bytes_ -= entries_[id].bytes;
    }
    std::optional<entry_id> victim() { return policy_.victim(); }
    std::uint64_t bytes() const { return bytes_; }

private:
    store::eviction_entries& entries_;
    store::eviction_policy& policy_;
    std::uint64_t bytes_ = 0;
};

// Which object has which row of the policies' table.
class rows {
public:
    rows(store::eviction_entries& entries, std::size_t objects) : entries_(entries), of_object_(objects, none) {}

    std::optional<entry_id> find(object_id o) const {
        return of_object_[o] == none ? std::nullopt : std::optional(of_object_[o]);
    }
    object_id object_of(entry_id id) const { return objects_[id]; }

    entry_id add(object_id o, std::uint64_t bytes) {
        entry_id id;
        if (free_.empty()) {
            id = static_cast<entry_id>(entries_.size());
            entries_.emplace_back();
            objects_.push_back(o);
        } else {
            id = free_.back();
            free_.pop_back();
            entries_[id] = {};
            objects_[id] = o;
        }
        entries_[id].bytes = bytes;
        of_object_[o] = id;
        return id;
    }

    void remove(entry_id id) {
        of_object_[objects_[id]] = none;
        free_.push_back(id);
    }

private:
    static constexpr entry_id none = store::no_entry;
    store::eviction_entries& entries_;
    std::vector<entry_id> of_object_;
    std::vector<object_id> objects_;
    std::vector<entry_id> free_;
};

// Room is made before an object comes in, as the store does it: its size is known by then.
template <class Pools>
outcome drive(trace const& t, store::eviction_entries& entries, Pools& pools, std::uint64_t capacity) {
    rows rows(entries, t.objects.size());
    outcome out;
    for (auto const& r : t.requests) {
        if (auto const id = rows.find(r.id)) {
            pools.touch(*id);
            continue;
        }
        auto const& o = t.objects[r.id];
        ++out.misses;
        out.missed_bytes += o.size;
        if (o.size > capacity)
            continue;
        while (pools.bytes() + o.size > capacity) {
            auto const victim = pools.victim();
            pools.remove(*victim, fingerprint_of(rows.object_of(*victim)), true);
            rows.remove(*victim);
        }
        pools.admit(rows.add(r.id, o.size), store::pool_of(o.kind, o.size), fingerprint_of(r.id));
    }
    return out;
}

template <class Policy, class... Options>
outcome drive_single(trace const& t, std::uint64_t capacity, Options... options) {
    store::eviction_entries entries;
    Policy policy(entries, options...);
    single pools(entries, policy);
    return drive(t, entries, pools, capacity);
}

outcome drive_pools(trace const& t, std::uint64_t capacity, store::pool_options const& options) {
    store::eviction_entries entries;
    store::eviction_pools pools(entries, capacity, options);
    return drive(t, entries, pools, capacity);
}

outcome first_uses(trace const& t) {
    outcome out{.misses = t.objects.size()};
    for (auto const& o : t.objects)
        out.missed_bytes += o.size;
    return out;
}

outcome dispatch(trace const& t, contender c, std::uint64_t capacity, store::pool_options const& options) {
    switch (c) {
    case contender::layerd:
        return drive_pools(t, capacity, options);
    case contender::lru:
        return drive_single<store::lru>(t, capacity);
    case contender::s3_fifo: // as published
        return drive_single<store::s3_fifo>(t, capacity, store::s3_fifo_options{.probation = 0.1, .promoted_by = 2});
    case contender::gdsf:
        return drive_single<store::gdsf>(t, capacity);
    case contender::belady_size:
        return replay_knowing_the_future(t, capacity);
    case contender::infinite:
        return first_uses(t);
    }
    return {};
}

} // namespace

std::string_view to_string(contender c) noexcept {
    switch (c) {
    case contender::layerd:
        return "layerd";
    case contender::lru:
        return "lru";
    case contender::s3_fifo:
        return "s3-fifo";
    case contender::gdsf:
        return "gdsf";
    case contender::belady_size:
        return "belady-size";
    case contender::infinite:
        return "infinite";
    }
    return "";
}

outcome replay_trace(trace const& t, contender c, std::uint64_t capacity, store::pool_options const& options) {
    auto const start = std::clock();
    auto out = dispatch(t, c, capacity, options);
    out.cpu_seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    return out;
}

} // namespace replay
