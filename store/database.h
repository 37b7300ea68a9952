// RocksDB as this store uses it: one database below index/, a column family per kind of row, and errors as values.
//
// Writes go in batches; a batch is applied whole or not at all, also across column families and crashes. It
// survives the end of the process at once, and the end of the machine if it, or a later one, was synced.
#pragma once

#include "store/database_options.h"
#include "store/error.h"
#include "store/index_codec.h"

#include <rocksdb/db.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace store {

// `meta` is RocksDB's "default".
enum class family : std::uint8_t {
    meta,
    objects,
    small,
    sums,
    links,
    link_counts,
    tags,
    children,
    values,
    uses,
    parents,
    holders,
    pins,
    trash,
    uploads,
    referrers,
    series
};
inline constexpr std::size_t family_count = 17;

enum class write_sync : bool { no, yes };

class database {
public:
    // Writes that become visible together.
    class batch {
    public:
        explicit batch(database& db) noexcept : db_(db) {}

        void put(family f, std::string_view key, std::string_view value);
        void erase(family f, std::string_view key);
        void add(totals const& change); // to the running sums

        bool empty() const { return rows_.Count() == 0; }
        totals const& change() const noexcept { return change_; }

    private:
        friend class database;
        database& db_;
        rocksdb::WriteBatch rows_;
        totals change_;
    };

    // Creates or opens; blocks. `warn` is told of RocksDB's own troubles, from any thread.
    //   locked        another process, or another part of this one, has it open
    //   newer_schema  a newer layerd wrote it
    static result<std::unique_ptr<database>> open(std::filesystem::path const& folder,
                                                  std::function<void(std::string const&)> warn = {},
                                                  index_sizes const& sizes = {});
    ~database();
    database(database const&) = delete;
    database& operator=(database const&) = delete;

    // Whether the key exists; its value then is in `to`. would_block with access::memory.
    result<bool> get(family f, std::string_view key, access a, rocksdb::PinnableSlice& to) const;

    result<void> write(batch& b, write_sync sync);

    // Every write so far survives the end of the machine; blocks.
    result<void> sync();

    // Moves what is in memory into tables, so that the next open has no log to read; blocks.
    result<void> flush();

    // The rows as they are now, for scans and sums that shall agree; to be let go before the database is closed.
    std::shared_ptr<rocksdb::Snapshot const> snapshot() const;

    // Sees the rows as they are now, or were at the snapshot. Check status() after the last Valid().
    std::unique_ptr<rocksdb::Iterator> scan(family f, rocksdb::Snapshot const* at = nullptr) const;

    // The running sums as of the last write, or at the snapshot.
    result<totals> read_totals(rocksdb::Snapshot const* at = nullptr) const;

    // Follows a limit of the whole store: how much RocksDB keeps in memory and in its log, and how much it rewrites at
    // once. May block.
    result<void> resize(index_sizes const& sizes);
    // What its files may grow by between two looks at disk_bytes().
    std::uint64_t growth_bytes() const noexcept { return growth_bytes_.load(std::memory_order_relaxed); }

    // Rewrites a family's tables without what was erased; blocks, for as long as that takes.
    result<void> compact(family f);

    // What the rows of a family from `first` to before `last` take in tables, about. Reads indexes only.
    std::uint64_t disk_bytes(family f, std::string_view first, std::string_view last) const;

    // What RocksDB's files take on disk now: tables, logs and what waits to be deleted. Looks at each file.
    std::uint64_t disk_bytes() const noexcept;
    // The same as of a while ago, and what was written since: right to a part of growth_bytes().
    std::uint64_t recent_disk_bytes() const noexcept;

private:
    explicit database(std::filesystem::path folder) : folder_(std::move(folder)) {}
    result<void> check_schema();
    rocksdb::ColumnFamilyHandle* handle(family f) const noexcept { return handles_[static_cast<std::size_t>(f)]; }

    std::filesystem::path folder_;
    std::shared_ptr<rocksdb::WriteBufferManager> memory_;
    std::atomic<std::uint64_t> growth_bytes_ = 0;
    std::atomic<std::uint64_t> written_bytes_ = 0; // in batches, since the start
    mutable std::atomic<std::uint64_t> seen_disk_bytes_ = 0;
    mutable std::atomic<std::uint64_t> seen_at_ = 0; // what written_bytes_ was then
    std::unique_ptr<rocksdb::DB> db_;
    std::array<rocksdb::ColumnFamilyHandle*, family_count> handles_{};
};

error error_of_status(rocksdb::Status const& s, std::string_view what);

// A value that does not decode.
error corrupt_row(std::string_view what);

} // namespace store
