// How RocksDB is set up. The index is small beside the content and shares its machine with the page cache that
// serves it, so memory, open files and the log are all bounded; the numbers are at the top of the source.
#pragma once

#include <rocksdb/options.h>

#include <functional>
#include <memory>
#include <string>

namespace store {

// `warn` is told what RocksDB logs as an error, from any thread; may be empty.
rocksdb::DBOptions database_options(std::function<void(std::string const&)> warn);

// Options of one column family, sharing `cache`.
rocksdb::ColumnFamilyOptions family_options(std::shared_ptr<rocksdb::Cache> const& cache);

std::shared_ptr<rocksdb::Cache> block_cache();

} // namespace store
