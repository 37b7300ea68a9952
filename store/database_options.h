// How RocksDB is set up. The index is small beside the content and shares its machine with the page cache that
// serves it, so memory, open files and the log are all bounded; the numbers are at the top of the source.
#pragma once

#include <rocksdb/options.h>
#include <rocksdb/write_buffer_manager.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace store {

// The sizes that decide how much more than its rows the index takes, in bytes.
struct index_sizes {
    std::uint64_t unit = 8 * 1024 * 1024;

    std::uint64_t memtable() const noexcept { return unit; } // of one family
    std::uint64_t memtables() const noexcept { return 2 * unit; }
    std::uint64_t log() const noexcept { return 4 * unit; } // reading it back is most of an open after a crash
    std::uint64_t table() const noexcept { return 2 * unit; }
    std::uint64_t compaction() const noexcept { return 4 * unit; }
    // A log that fills up, memtables that are written out, one compaction whose input waits to be deleted.
    std::uint64_t growth() const noexcept { return log() + memtables() + compaction(); }

    friend bool operator==(index_sizes const&, index_sizes const&) = default;
};

// For a store that may take `limit` bytes in all; 0: no limit.
index_sizes index_sizes_for(std::uint64_t limit) noexcept;

// `warn` is told what RocksDB logs as an error, from any thread; may be empty.
rocksdb::DBOptions database_options(std::function<void(std::string const&)> warn, index_sizes const& sizes,
                                    std::shared_ptr<rocksdb::WriteBufferManager> memory);

// Options of one column family, sharing `cache`.
rocksdb::ColumnFamilyOptions family_options(std::shared_ptr<rocksdb::Cache> const& cache, index_sizes const& sizes);

std::shared_ptr<rocksdb::Cache> block_cache();

} // namespace store
