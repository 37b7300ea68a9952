#include "store/hosted/unsettled.h"

#include "store/eviction/image_graph.h"
#include "store/object_table.h"

#include <vector>

namespace store {

void unsettled::share::give_back() noexcept {
    auto const bytes = std::exchange(bytes_, 0);
    if (bytes == 0)
        return;
    std::lock_guard const lock(of_->mutex);
    of_->uploads -= bytes;
}

void unsettled::set_limit(std::uint64_t bytes) {
    std::lock_guard const lock(mutex_);
    limit_ = bytes;
}

std::uint64_t unsettled::limit() {
    std::lock_guard const lock(mutex_);
    return limit_;
}

std::shared_ptr<unsettled::amount> unsettled::of(repository_name const& repo) {
    auto const below = std::string_view(repo).substr(0, repo.find('/'));
    std::lock_guard const lock(mutex_);
    auto known = by_prefix_.find(below);
    if (known == by_prefix_.end())
        known = by_prefix_.emplace(below, std::make_shared<amount>()).first;
    return known->second;
}

unsettled::share unsettled::begin(repository_name const& repo, std::uint64_t bytes) {
    share s(of(repo));
    std::lock_guard const lock(s.of_->mutex);
    s.of_->uploads += bytes;
    s.bytes_ = bytes;
    return s;
}

error unsettled::too_much(amount const& all, std::uint64_t bytes, std::uint64_t most) {
    return {errc::too_much_unsettled, std::to_string(all.uploads) + " bytes are being uploaded, " +
                                          std::to_string(all.deleted) + " were deleted and are still here, " +
                                          std::to_string(bytes) + " are wanted, and " + std::to_string(most) +
                                          " allowed"};
}

result<void> unsettled::check(repository_name const& repo) {
    auto const most = limit();
    if (most == 0)
        return {};
    auto const all = of(repo);
    std::lock_guard const lock(all->mutex);
    return all->deleted > most ? too_much(*all, 0, most) : result<void>();
}

result<void> unsettled::extend(share& s, std::uint64_t bytes) {
    if (bytes == 0)
        return {};
    auto const most = limit();
    auto& all = *s.of_;
    std::lock_guard const lock(all.mutex);
    if (most != 0 && (bytes > most || s.bytes_ > most - bytes))
        return error{errc::over_quota, "an upload of more than " + std::to_string(most) + " bytes"};
    if (most != 0 && (all.uploads > most - bytes || all.deleted > most))
        return too_much(all, bytes, most);
    all.uploads += bytes;
    s.bytes_ += bytes;
    return {};
}

// What somebody shows is his; what cannot be looked up counts.
bool unsettled::waits_for_collection(oci::digest const& d) const {
    auto const row = find_object(core_, d, access::any);
    if (row && !*row)
        return false;
    auto const holder = holder_below(core_, d, {});
    return !holder || !*holder;
}

void unsettled::note_deleted(repository_name const& repo, oci::digest const& d, std::uint64_t bytes) {
    if (limit() == 0 || !waits_for_collection(d))
        return;
    auto const all = of(repo);
    std::lock_guard const lock(all->mutex);
    if (all->deletions.size() >= deletions_max)
        all->others += bytes;
    else if (!all->deletions.emplace(d, bytes).second)
        return;
    all->deleted += bytes;
}

void unsettled::note_shown(repository_name const& repo, oci::digest const& d) {
    auto const all = of(repo);
    std::lock_guard const lock(all->mutex);
    auto const known = all->deletions.find(d);
    if (known == all->deletions.end())
        return;
    all->deleted -= known->second;
    all->deletions.erase(known);
}

void unsettled::note_collected() {
    std::vector<std::shared_ptr<amount>> prefixes;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& [below, all] : by_prefix_)
            prefixes.push_back(all);
    }
    for (auto const& all : prefixes) {
        std::vector<oci::digest> noted;
        {
            std::lock_guard const lock(all->mutex);
            all->deleted -= std::exchange(all->others, 0);
            for (auto const& [d, bytes] : all->deletions)
                noted.push_back(d);
        }
        std::erase_if(noted, [&](oci::digest const& d) { return waits_for_collection(d); });
        std::lock_guard const lock(all->mutex);
        for (auto const& d : noted)
            if (auto const known = all->deletions.find(d); known != all->deletions.end()) {
                all->deleted -= known->second;
                all->deletions.erase(known);
            }
    }
}

} // namespace store
