#include "store/hosted/quota.h"

#include "store/eviction/image_graph.h"
#include "store/index_codec.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace store {
namespace {

constexpr std::uint64_t least_links = 100'000;
constexpr std::uint64_t bytes_per_link = 64 * 1024;
constexpr std::int64_t recount_after = 10; // seconds: a client that tries again and again makes nobody read and read

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
    std::lock_guard const lock(u.mutex);
    auto const fits = [&] { return bytes <= limit && u.bytes <= limit - bytes && u.links < max_links; };
    if (!u.counted || (!fits() && core_.now() >= u.counted_at + recount_after)) {
        if (auto counted = count(below, u); !counted)
            return counted;
    }
    if (u.links >= max_links)
        return error{errc::over_quota, "repositories below " + below + " name " + std::to_string(u.links) +
                                           " blobs and manifests, and " + std::to_string(max_links) + " are allowed"};
    if (!fits())
        return error{errc::over_quota, "repositories below " + below + " show " + std::to_string(u.bytes) +
                                           " bytes, and " + std::to_string(limit) + " are allowed"};
    u.bytes += bytes;
    ++u.links;
    return {};
}

// By a hash of each digest: of a million, two that collide are not to be expected in a lifetime.
result<void> quota::count(std::string_view below, use& u) {
    std::vector<std::pair<std::size_t, std::uint64_t>> sizes;
    std::uint64_t links = 0;
    auto const rows = core_.db->scan(family::links);
    for (rows->Seek({below.data(), below.size()}); rows->Valid(); rows->Next()) {
        auto const key = rows->key().ToStringView();
        if (!key.starts_with(below))
            break;
        ++links;
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
    u.bytes = 0;
    u.links = links;
    u.counted_at = core_.now();
    u.counted = true;
    for (auto const& [hash, size] : sizes)
        u.bytes += size;
    return {};
}

} // namespace store
