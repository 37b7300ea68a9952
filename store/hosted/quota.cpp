#include "store/hosted/quota.h"

#include "store/eviction/image_graph.h"
#include "store/index_codec.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace store {
namespace {

constexpr std::int64_t recount_after = 10; // seconds: a client that tries again and again makes nobody read and read

} // namespace

void quota::set_limit(std::uint64_t bytes) {
    std::lock_guard const lock(mutex_);
    limit_ = bytes;
    if (bytes == 0)
        used_.clear();
}

std::uint64_t quota::limit() const {
    std::lock_guard const lock(mutex_);
    return limit_;
}

result<void> quota::take(repository_name const& repo, oci::digest const& d, std::uint64_t bytes) {
    if (limit() == 0)
        return {};
    auto const below = repo.substr(0, repo.find('/') + 1);
    auto const holders = holders_of(core_, d);
    if (!holders)
        return holders.error();
    if (std::any_of(holders->begin(), holders->end(), [&](auto const& h) { return h.starts_with(below); }))
        return {};
    std::lock_guard const lock(mutex_);
    auto& u = used_[below];
    auto const fits = [&] { return bytes <= limit_ && u.bytes <= limit_ - bytes; };
    if (!u.counted || (!fits() && core_.now() >= u.counted_at + recount_after)) {
        if (auto counted = count(below, u); !counted)
            return counted;
    }
    if (!fits())
        return error{errc::over_quota, "repositories below " + below + " show " + std::to_string(u.bytes) +
                                           " bytes, and " + std::to_string(limit_) + " are allowed"};
    u.bytes += bytes;
    return {};
}

// By a hash of each digest: of a million, two that collide are not to be expected in a lifetime.
result<void> quota::count(std::string_view below, use& u) {
    std::vector<std::pair<std::size_t, std::uint64_t>> sizes;
    auto const rows = core_.db->scan(family::links);
    for (rows->Seek({below.data(), below.size()}); rows->Valid(); rows->Next()) {
        auto const key = rows->key().ToStringView();
        if (!key.starts_with(below))
            break;
        auto const parts = split_repository(key);
        auto const d = parts ? decode_digest_key(parts->rest) : std::nullopt;
        auto const l = decode_link(rows->value().ToStringView());
        if (d && l)
            sizes.emplace_back(std::hash<oci::digest>()(*d), l->size);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the links");
    std::sort(sizes.begin(), sizes.end());
    sizes.erase(
        std::unique(sizes.begin(), sizes.end(), [](auto const& a, auto const& b) { return a.first == b.first; }),
        sizes.end());
    u = {0, core_.now(), true};
    for (auto const& [hash, size] : sizes)
        u.bytes += size;
    return {};
}

} // namespace store
