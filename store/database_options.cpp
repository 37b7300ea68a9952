#include "store/database_options.h"

#include "store/totals_merge.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

namespace store {
namespace {

constexpr std::size_t mib = 1024 * 1024;

constexpr std::size_t block_cache_bytes = 64 * mib;
constexpr int open_tables = 256;

// In place of RocksDB's LOG file. That one costs space and syncs, and a library built with assertions (Debian's is)
// ends the process at the second line that finds the disk full.
class error_logger final : public rocksdb::Logger {
public:
    explicit error_logger(std::function<void(std::string const&)> warn)
        : Logger(rocksdb::InfoLogLevel::ERROR_LEVEL), warn_(std::move(warn)) {}

    using Logger::Logv;
    void Logv(char const* format, va_list arguments) override {
        std::array<char, 512> line;
        std::vsnprintf(line.data(), line.size(), format, arguments);
        if (warn_)
            warn_(std::string("index: ") + line.data());
    }

private:
    std::function<void(std::string const&)> warn_;
};

bool supported(rocksdb::CompressionType type) {
    auto const types = rocksdb::GetSupportedCompressions();
    return std::find(types.begin(), types.end(), type) != types.end();
}

} // namespace

index_sizes index_sizes_for(std::uint64_t limit) noexcept {
    index_sizes const most;
    constexpr std::uint64_t least = 128 * 1024;
    constexpr std::uint64_t share = 256; // with growth() of ten units: four per cent of a small limit
    return {limit == 0 ? most.unit : std::clamp(limit / share, least, most.unit)};
}

rocksdb::DBOptions database_options(std::function<void(std::string const&)> warn, index_sizes const& sizes,
                                    std::shared_ptr<rocksdb::WriteBufferManager> memory) {
    rocksdb::DBOptions o;
    o.create_if_missing = true;
    o.create_missing_column_families = true;
    o.paranoid_checks = true;
    o.max_open_files = open_tables;
    o.max_background_jobs = 2;
    o.write_buffer_manager = std::move(memory);
    o.max_total_wal_size = sizes.log();
    o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    o.avoid_flush_during_recovery = true; // opening needs neither its time nor, on a full disk, its space
    o.bytes_per_sync = mib;
    o.wal_bytes_per_sync = mib;
    o.enable_pipelined_write = true;
    o.avoid_unnecessary_blocking_io = true;
    o.allow_fallocate = false; // space taken in advance would count against the store's limit
    o.skip_stats_update_on_db_open = true;
    o.stats_dump_period_sec = 0;
    o.stats_persist_period_sec = 0;
    o.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
    o.info_log = std::make_shared<error_logger>(std::move(warn));
    return o;
}

rocksdb::ColumnFamilyOptions family_options(std::shared_ptr<rocksdb::Cache> const& cache, index_sizes const& sizes) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.cache_index_and_filter_blocks = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    table.format_version = 5;

    rocksdb::ColumnFamilyOptions o;
    o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    o.merge_operator = totals_merge_operator();
    o.write_buffer_size = sizes.memtable();
    o.target_file_size_base = sizes.table();
    o.max_bytes_for_level_base = 4 * sizes.table();
    o.max_compaction_bytes = sizes.compaction();
    // A table half of erasures is rewritten soon: what eviction took out of the index shall leave the disk.
    o.table_properties_collector_factories.push_back(rocksdb::NewCompactOnDeletionCollectorFactory(128, 64, 0.5));
    o.level_compaction_dynamic_level_bytes = true;
    o.compression = supported(rocksdb::kLZ4Compression) ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
    if (supported(rocksdb::kZSTD))
        o.bottommost_compression = rocksdb::kZSTD;
    return o;
}

std::shared_ptr<rocksdb::Cache> block_cache() {
    return rocksdb::NewLRUCache(block_cache_bytes);
}

} // namespace store
