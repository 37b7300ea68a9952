#include "store/eviction/resident_table.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace store {

static_assert(sizeof(resident) + sizeof(eviction_entry) <= 88);

resident_table::resident_table() : index_(0, hash_of{this}, same{this}) {
    std::random_device random;
    seed_ = (std::uint64_t{random()} << 32) | random();
}

resident_table::name resident_table::name_of(oci::digest const& d) noexcept {
    name n{};
    std::copy_n(d.hash().begin(), n.hash.size(), n.hash.begin());
    return n;
}

std::uint64_t resident_table::fingerprint_of(std::array<std::byte, 32> const& hash) const noexcept {
    return XXH3_64bits_withSeed(hash.data(), hash.size(), seed_);
}

std::uint64_t resident_table::fingerprint(oci::digest const& d) const noexcept {
    return fingerprint_of(name_of(d).hash);
}

entry_id resident_table::find(oci::digest const& d) const {
    auto const found = index_.find(name_of(d));
    return found == index_.end() ? no_entry : *found;
}

entry_id resident_table::find_fingerprint(std::uint64_t f) const {
    auto const found = index_.find(f);
    return found == index_.end() ? no_entry : *found;
}

entry_id resident_table::add(oci::digest const& d) {
    entry_id id = 0;
    if (free_.empty()) {
        id = end();
        residents_.emplace_back();
        entries_.emplace_back();
    } else {
        id = free_.back();
        free_.pop_back();
        residents_[id] = {};
        entries_[id] = {};
    }
    auto& r = residents_[id];
    r.hash = name_of(d).hash;
    r.algorithm = d.algo();
    r.listed = true;
    if (d.hash().size() > r.hash.size())
        std::copy_n(d.hash().begin() + r.hash.size(), r.hash.size(), second_halves_[id].begin());
    index_.insert(id);
    return id;
}

void resident_table::remove(entry_id id) {
    index_.erase(id);
    second_halves_.erase(id);
    residents_[id].listed = false;
    free_.push_back(id);
}

oci::digest resident_table::digest(entry_id id) const {
    auto const& r = residents_[id];
    std::array<std::byte, oci::digest::max_hash_size> hash{};
    std::copy(r.hash.begin(), r.hash.end(), hash.begin());
    if (auto const more = second_halves_.find(id); more != second_halves_.end())
        std::copy(more->second.begin(), more->second.end(), hash.begin() + r.hash.size());
    return *oci::digest::from_hash(r.algorithm, std::span(hash).first(oci::hash_size(r.algorithm)));
}

} // namespace store
