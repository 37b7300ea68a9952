#include "store/partial_table.h"

#include "store/accounting.h"

#include <algorithm>
#include <utility>

namespace store {

void partial_table::add(oci::digest const& d, std::string const& from, blob_writer w, std::int64_t now) {
    table::node_type before;
    std::lock_guard const lock(mutex_);
    before = table_.extract({d, from});
    table_.emplace(std::pair(d, from), kept{std::move(w), now});
}

std::optional<blob_writer> partial_table::take(oci::digest const& d, std::string const& from,
                                               std::optional<std::uint64_t> size) {
    std::lock_guard const lock(mutex_);
    auto const found = table_.find({d, from});
    if (found == table_.end() || (size && found->second.writer.announced() != size))
        return {};
    std::optional<blob_writer> w(std::move(found->second.writer));
    table_.erase(found);
    return w;
}

void partial_table::drop(oci::digest const& d) {
    table going;
    std::lock_guard const lock(mutex_);
    for (auto at = table_.lower_bound({d, {}}); at != table_.end() && at->first.first == d;)
        going.insert(table_.extract(at++));
}

partial_table::table::iterator partial_table::oldest() {
    return std::min_element(table_.begin(), table_.end(),
                            [](auto const& a, auto const& b) { return a.second.since < b.second.since; });
}

bool partial_table::drop_oldest() {
    table::node_type going;
    std::lock_guard const lock(mutex_);
    if (table_.empty())
        return false;
    going = table_.extract(oldest());
    return true;
}

void partial_table::drop_older_than(std::int64_t time) {
    table going;
    std::lock_guard const lock(mutex_);
    while (!table_.empty()) {
        auto const at = oldest();
        if (at->second.since >= time)
            break;
        going.insert(table_.extract(at));
    }
}

void partial_table::clear() {
    table going;
    std::lock_guard const lock(mutex_);
    going.swap(table_);
}

std::size_t partial_table::count() const {
    std::lock_guard const lock(mutex_);
    return table_.size();
}

std::uint64_t partial_table::bytes() const {
    std::lock_guard const lock(mutex_);
    std::uint64_t sum = 0;
    for (auto const& [key, one] : table_)
        sum += whole_blocks(one.writer.announced().value_or(one.writer.written())) + disk_block_bytes;
    return sum;
}

} // namespace store
