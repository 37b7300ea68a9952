// Adding to the running sums without reading them.
//
// The sums must be exact after any crash, so their changes travel in the very batches that change the rows. As
// merges they need no lock that would keep two batches from being synced together, and opening reads one row
// however many objects there are.
#pragma once

#include <rocksdb/merge_operator.h>

#include <memory>

namespace store {

std::shared_ptr<rocksdb::MergeOperator> totals_merge_operator();

} // namespace store
