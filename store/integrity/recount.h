// The sums and link counts as they ought to be: counted from the rows themselves, all as of one moment.
//
// Sums and link counts change by differences, in the batches that change rows; a fault of the program or of the disk
// that makes them wrong once makes them wrong for good. A recount reads a snapshot while others go on writing, and
// what it finds is again a difference, which is as right an hour later as it was at that moment.
#pragma once

#include "store/core.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace store {

// A digest whose link count differs from its links.
struct wrong_count {
    oci::digest digest;
    std::uint64_t links = 0;  // there are
    std::int64_t missing = 0; // of them, in what the row says
    std::uint64_t size = 0;   // of the object, if it existed then; else 0
};

class recount {
public:
    explicit recount(std::shared_ptr<core> c); // as of now
    ~recount();

    // Reads about so many rows; true once all are read. Blocks. io, corrupt.
    result<bool> step(std::size_t rows);

    // When done:
    totals const& recorded() const noexcept { return recorded_; }
    bool sums_readable() const noexcept { return sums_readable_; }
    totals const& counted() const noexcept { return counted_; }
    std::vector<wrong_count> const& wrong_counts() const noexcept { return wrong_; }

    totals drift() const noexcept; // what the recorded sums lack

private:
    // The digest's key, shortened: as good as all of it to tell digests apart, and 16 bytes a link to remember.
    using short_key = std::array<unsigned char, 16>; // compares as RocksDB does
    struct uncounted {
        short_key key{};
        std::uint64_t links = 0;
    };

    enum class phase : std::uint8_t { links, counts, uncounted, done };

    result<void> begin_counts();
    void count_one();
    void judge(std::string_view key, std::uint64_t links);
    void find_uncounted();
    std::uint64_t take_links(std::string_view key); // of this digest; passes those of smaller ones
    void skip_links_before(std::string_view key);
    static short_key shorten(std::string_view key) noexcept;

    std::shared_ptr<core> core_;
    std::shared_ptr<rocksdb::Snapshot const> at_;
    totals recorded_;
    totals counted_;
    bool sums_readable_ = true;
    phase phase_ = phase::links;
    std::unique_ptr<rocksdb::Iterator> links_, objects_, counts_;
    std::vector<short_key> linked_; // one for each link; sorted once all are there
    std::size_t next_link_ = 0;
    std::vector<uncounted> uncounted_; // linked, and no row says so
    std::vector<wrong_count> wrong_;
};

// Corrects a count, and the sums by what that means for them. The rest of the difference is drift()'s. Takes the
// digest's lock.
result<void> correct_count(core& c, wrong_count const& w);

} // namespace store
