#include "store/hosted/quota.h"

#include "store/eviction/image_graph.h"
#include "store/index_codec.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace store {
namespace {

constexpr std::uint64_t least_links = 100'000;
constexpr std::uint64_t bytes_per_link = 64 * 1024;
constexpr std::int64_t recount_after = 10; // seconds: a client that tries again and again makes nobody read and read
// Of who does not fit: more than to read some ten thousand links, and less than others would feel, for a thread of the
// disk waits.
constexpr std::chrono::milliseconds counters_time{250};

} // namespace

void quota::set_limit(std::uint64_t bytes) {
    std::lock_guard const lock(mutex_);
    limit_ = bytes;
    if (bytes == 0)
        used_.clear();
}

// Who still counts when the bound goes does so for nobody: nothing is added from then on.
std::shared_ptr<quota::use> quota::used_below(std::string_view prefix) {
    std::lock_guard const lock(mutex_);
    if (limit_ == 0)
        return nullptr;
    auto known = used_.find(prefix);
    if (known == used_.end())
        known = used_.emplace(prefix, std::make_shared<use>()).first;
    return known->second;
}

result<void> quota::take(repository_name const& repo, oci::digest const& d, std::uint64_t bytes) {
    std::uint64_t const limit = limit_;
    if (limit == 0)
        return {};
    auto const below = repo.substr(0, repo.find('/') + 1);
    auto const itself = holder_below(core_, d, repo); // or one whose name goes on, which is told apart below
    auto const another = itself && *itself == repo ? itself : holder_below(core_, d, below);
    if (!another)
        return another.error();
    if (*another == repo)
        return {};
    if (*another)
        bytes = 0;
    auto const max_links = least_links + limit / bytes_per_link;
    auto const used = used_below(below);
    if (!used)
        return {};
    auto& u = *used;
    auto const now = core_.now();
    std::unique_lock lock(u.mutex);
    auto const fits = [&] { return bytes <= limit && u.shown.bytes <= limit - bytes && u.shown.links < max_links; };
    u.has_counted.wait(lock, [&] { return u.is_known || !u.is_counting; });
    if (!fits() && !u.has_counted.wait_for(lock, counters_time, [&] { return !u.is_counting; }))
        return error{errc::too_much_unsettled,
                     "what repositories below " + below + " show is being counted: try again"};
    if (!u.is_known || (!fits() && u.is_old(now))) {
        if (auto counted = recount(below, u, lock); !counted)
            return counted;
    }
    if (u.shown.links >= max_links)
        return error{errc::over_quota, "repositories below " + below + " name " + std::to_string(u.shown.links) +
                                           " blobs and manifests, and " + std::to_string(max_links) + " are allowed"};
    if (!fits())
        return error{errc::over_quota, "repositories below " + below + " show " + std::to_string(u.shown.bytes) +
                                           " bytes, and " + std::to_string(limit) + " are allowed"};
    u.shown.add({bytes, 1});
    u.granted_meanwhile.add({bytes, 1});
    return {};
}

// By a clock that may have been set back since, and was looked at a moment ago.
bool quota::use::is_old(std::int64_t now) const noexcept {
    return now <= counted_at - recount_after || now >= counted_at + recount_after;
}

// Others go on. What is granted from now on counts on top: its link is written later, so it is none of those that are
// read.
result<void> quota::recount(std::string_view below, use& u, std::unique_lock<std::mutex>& lock) {
    struct counting {
        use& of;
        std::unique_lock<std::mutex>& lock;
        counting(use& u, std::unique_lock<std::mutex>& l) : of(u), lock(l) {
            of.is_counting = true;
            of.granted_meanwhile = {};
            lock.unlock();
        }
        ~counting() {
            if (!lock.owns_lock())
                lock.lock();
            of.is_counting = false;
            of.has_counted.notify_all();
        }
    };
    auto const rows = core_.db->scan(family::links); // as they are now
    counting const others_go_on(u, lock);
    auto const begun_at = core_.now();
    auto const shown = count(below, *rows);
    lock.lock();
    if (!shown)
        return shown.error();
    u.shown = *shown;
    u.shown.add(u.granted_meanwhile);
    u.counted_at = begun_at;
    u.is_known = true;
    return {};
}

// By a hash of each digest: of a million, two that collide are not to be expected in a lifetime.
result<quota::sum> quota::count(std::string_view below, rocksdb::Iterator& rows) const {
    std::vector<std::pair<std::size_t, std::uint64_t>> sizes;
    sum shown;
    for (rows.Seek({below.data(), below.size()}); rows.Valid(); rows.Next()) {
        auto const key = rows.key().ToStringView();
        if (!key.starts_with(below))
            break;
        ++shown.links;
        auto const parts = split_repository(key);
        auto const d = parts ? decode_digest_key(parts->rest) : std::nullopt;
        auto const l = decode_link(rows.value().ToStringView());
        if (d && l)
            sizes.emplace_back(std::hash<oci::digest>()(*d), l->size);
    }
    if (!rows.status().ok())
        return error_of_status(rows.status(), "cannot read the links");
    std::sort(sizes.begin(), sizes.end());
    sizes.erase(
        std::unique(sizes.begin(), sizes.end(), [](auto const& a, auto const& b) { return a.first == b.first; }),
        sizes.end());
    for (auto const& [hash, size] : sizes)
        shown.bytes += size;
    return shown;
}

} // namespace store
