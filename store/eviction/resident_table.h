// Every object of the store, in memory, as far as deciding what goes needs to know it: 32 bytes for the policies, 48
// here, and 5 to 9 for finding it.
//
// Not thread safe. Ids are reused.
#pragma once

#include "oci/digest.h"
#include "store/eviction/policy.h"
#include "store/object.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace store {

struct resident {
    std::array<std::byte, 32> hash{}; // of the digest; of a longer one its first half
    std::uint64_t rules = 0;          // bit i: the i-th rule selects it
    std::uint32_t last_used = 0;      // Unix seconds
    std::uint8_t uses = 0;            // since it was stored, up to 255
    oci::algorithm algorithm = oci::algorithm::sha256;
    object_kind kind = object_kind::unknown;
    object_origin origin = object_origin::pull;
    bool pinned = false;
    bool unsaved = false;    // the last use is newer than its row
    bool leaving = false;    // chosen to go; in no policy
    bool image_used = false; // an image that names it was, since a policy last looked at it
    bool listed = false;     // the entry is in use

    // Whether policies may propose it: what was pushed is nowhere else, and goes when it is no longer reachable or a
    // rule says so.
    bool is_proposed() const noexcept { return !pinned && !leaving && origin == object_origin::pull; }
};

class resident_table {
public:
    resident_table();

    // A hash of the digest that nobody outside can foresee, so that nobody can make digests that collide.
    std::uint64_t fingerprint(oci::digest const& d) const noexcept;

    // The entry of `d`, or no_entry.
    entry_id find(oci::digest const& d) const;
    entry_id find_fingerprint(std::uint64_t f) const;

    entry_id add(oci::digest const& d); // not there yet
    void remove(entry_id id);

    resident& operator[](entry_id id) { return residents_[id]; }
    resident const& operator[](entry_id id) const { return residents_[id]; }
    oci::digest digest(entry_id id) const;
    std::uint64_t fingerprint(entry_id id) const noexcept { return fingerprint_of(residents_[id].hash); }

    std::size_t size() const noexcept { return index_.size(); }
    entry_id end() const noexcept { return static_cast<entry_id>(residents_.size()); } // ids are below this

    eviction_entries& entries() noexcept { return entries_; }
    eviction_entries const& entries() const noexcept { return entries_; }

private:
    struct name {
        std::array<std::byte, 32> hash;
    };
    struct hash_of {
        using is_transparent = void;
        using is_avalanching = void;
        resident_table const* table;
        std::size_t operator()(entry_id id) const noexcept { return table->fingerprint(id); }
        std::size_t operator()(std::uint64_t f) const noexcept { return f; }
        std::size_t operator()(name const& n) const noexcept { return table->fingerprint_of(n.hash); }
    };
    struct same {
        using is_transparent = void;
        resident_table const* table;
        bool operator()(entry_id a, entry_id b) const noexcept { return a == b; }
        bool operator()(std::uint64_t f, entry_id id) const noexcept { return table->fingerprint(id) == f; }
        bool operator()(entry_id id, std::uint64_t f) const noexcept { return table->fingerprint(id) == f; }
        bool operator()(name const& n, entry_id id) const noexcept { return table->residents_[id].hash == n.hash; }
        bool operator()(entry_id id, name const& n) const noexcept { return table->residents_[id].hash == n.hash; }
    };

    resident_table(resident_table const&) = delete;
    static name name_of(oci::digest const& d) noexcept;
    std::uint64_t fingerprint_of(std::array<std::byte, 32> const& hash) const noexcept;

    std::uint64_t seed_;
    std::vector<resident> residents_;
    eviction_entries entries_;
    std::vector<entry_id> free_;
    std::unordered_map<entry_id, std::array<std::byte, 32>> second_halves_; // of sha512
    boost::unordered_flat_set<entry_id, hash_of, same> index_;
};

} // namespace store
