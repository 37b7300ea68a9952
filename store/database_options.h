// How RocksDB is set up. The index is small beside the content and shares its machine with the page cache that
// serves it, so memory, open files and the log are all bounded; the numbers are at the top of the source.
#pragma once

#include <rocksdb/options.h>

#include <memory>
#include <string_view>

namespace store {

rocksdb::DBOptions database_options();

// Options of one column family, sharing `cache`. `metadata` also understands how to add to the running sums.
rocksdb::ColumnFamilyOptions family_options(std::shared_ptr<rocksdb::Cache> const& cache);

std::shared_ptr<rocksdb::Cache> block_cache();

} // namespace store
