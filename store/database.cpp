#include "store/database.h"

#include "store/database_options.h"
#include "store/file_system.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <fcntl.h>

namespace store {
namespace {

constexpr std::array<char const*, family_count> family_names = {
    "default", "objects", "small",   "sums", "links", "link_counts", "tags",      "children", "values",
    "uses",    "parents", "holders", "pins", "trash", "uploads",     "referrers", "series"};

constexpr std::string_view schema_key = "schema";
constexpr std::string_view totals_key = "totals";

rocksdb::Slice slice(std::string_view v) noexcept {
    return {v.data(), v.size()};
}

// RocksDB has no code for a lock that someone else holds: its text is all there is.
bool is_locked(rocksdb::Status const& s) {
    auto const text = s.ToString();
    return s.IsIOError() && (text.find("lock hold by current process") != std::string::npos ||
                             text.find("While lock file") != std::string::npos);
}

error newer_schema(std::filesystem::path const& folder, std::string const& found) {
    return error{errc::newer_schema, "the store at " + folder.parent_path().string() +
                                         " was written by a newer layerd (" + found + ", this one knows schema " +
                                         std::to_string(schema_version) +
                                         "); run that version, or give this one another folder"};
}

// A family that this version has never heard of would make RocksDB refuse with words about itself.
result<void> check_families(std::filesystem::path const& folder) {
    std::vector<std::string> names;
    if (!rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), folder.string(), &names).ok())
        return {}; // not created yet, or open() will say what is wrong
    for (auto const& name : names) {
        if (std::find(family_names.begin(), family_names.end(), name) == family_names.end())
            return newer_schema(folder, "with rows of kind \"" + name + "\"");
    }
    return {};
}

} // namespace

error error_of_status(rocksdb::Status const& s, std::string_view what) {
    auto code = errc::io;
    if (s.IsIncomplete())
        code = errc::would_block;
    else if (s.IsNoSpace())
        code = errc::no_space;
    else if (s.IsCorruption())
        code = errc::corrupt;
    return error{code, std::string(what) + ": " + s.ToString()};
}

error corrupt_row(std::string_view what) {
    return error{errc::corrupt, "the index holds " + std::string(what) + " that cannot be read"};
}

void database::batch::put(family f, std::string_view key, std::string_view value) {
    rows_.Put(db_.handle(f), slice(key), slice(value));
}

void database::batch::erase(family f, std::string_view key) {
    rows_.Delete(db_.handle(f), slice(key));
}

void database::batch::add(totals const& change) {
    if (change == totals{})
        return;
    change_ += change;
    rows_.Merge(db_.handle(family::meta), slice(totals_key), encode(change));
}

result<std::unique_ptr<database>> database::open(std::filesystem::path const& folder,
                                                 std::function<void(std::string const&)> warn,
                                                 index_sizes const& sizes) {
    if (auto known = check_families(folder); !known)
        return known.error();

    auto const cache = block_cache();
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (auto const* name : family_names)
        families.emplace_back(name, family_options(cache, sizes));

    std::unique_ptr<database> opened(new database(folder));
    opened->memory_ = std::make_shared<rocksdb::WriteBufferManager>(sizes.memtables());
    opened->growth_bytes_ = sizes.growth();
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    // Compactions follow evictions and would compete with hits for the cores.
    rocksdb::Env::Default()->LowerThreadPoolCPUPriority(rocksdb::Env::LOW, rocksdb::CpuPriority::kIdle);
    auto const options = database_options(std::move(warn), sizes, opened->memory_);
    auto const s = rocksdb::DB::Open(options, folder.string(), families, &handles, &db);
    if (is_locked(s))
        return error{errc::locked, "the store at " + folder.parent_path().string() +
                                       " is in use by another layerd (its lock is " + (folder / "LOCK").string() + ")"};
    if (!s.ok())
        return error_of_status(s, "cannot open the index at " + folder.string());
    opened->db_.reset(db);
    std::copy(handles.begin(), handles.end(), opened->handles_.begin());

    if (auto checked = opened->check_schema(); !checked)
        return checked.error();
    return opened;
}

database::~database() {
    if (!db_)
        return;
    for (auto* h : handles_)
        db_->DestroyColumnFamilyHandle(h);
    db_->Close();
}

result<void> database::check_schema() {
    rocksdb::PinnableSlice value;
    auto const found = get(family::meta, schema_key, access::any, value);
    if (!found)
        return found.error();
    if (!*found) {
        batch b(*this);
        b.put(family::meta, schema_key, encode_count(schema_version));
        return write(b, write_sync::yes);
    }
    auto const version = decode_count(value.ToStringView());
    if (!version)
        return newer_schema(folder_, "with a schema number it cannot read");
    if (*version > schema_version)
        return newer_schema(folder_, "schema " + std::to_string(*version));
    if (*version < oldest_schema_version)
        return error{errc::corrupt, "the store at " + folder_.parent_path().string() + " has schema " +
                                        std::to_string(*version) + ", of a version before the first release, which " +
                                        "this one cannot read; remove the folder: what was pulled comes back"};
    if (*version == schema_version)
        return {};
    batch b(*this);
    b.put(family::meta, schema_key, encode_count(schema_version));
    return write(b, write_sync::yes);
}

result<bool> database::get(family f, std::string_view key, access a, rocksdb::PinnableSlice& to) const {
    rocksdb::ReadOptions options;
    if (a == access::memory)
        options.read_tier = rocksdb::kBlockCacheTier;
    auto const s = db_->Get(options, handle(f), slice(key), &to);
    // Of a file that it has not opened yet RocksDB says so too, with an empty value: "the key may exist"
    // (TableCache::Get). An empty value that is one is found by who may block.
    if (s.ok() && a == access::memory && to.empty())
        return error{errc::would_block, "not in memory"};
    if (s.ok())
        return true;
    if (s.IsNotFound())
        return false;
    return error_of_status(s, "cannot read the index");
}

result<void> database::write(batch& b, write_sync sync) {
    rocksdb::WriteOptions options;
    options.sync = sync == write_sync::yes;
    auto const s = db_->Write(options, &b.rows_);
    written_bytes_.fetch_add(b.rows_.GetDataSize(), std::memory_order_relaxed);
    if (!s.ok())
        return error_of_status(s, "cannot write the index");
    return {};
}

result<void> database::sync() {
    auto const s = db_->SyncWAL();
    if (!s.ok())
        return error_of_status(s, "cannot sync the index");
    return {};
}

result<void> database::flush() {
    auto const s = db_->Flush(rocksdb::FlushOptions(), {handles_.begin(), handles_.end()});
    if (!s.ok())
        return error_of_status(s, "cannot flush the index");
    return {};
}

// The blocks of a memtable's arena, by default an eighth of it at the time of opening, must shrink with it: one as
// large as the whole memtable asks for a flush before anything is written, which Debian's RocksDB ends the process for.
result<void> database::resize(index_sizes const& sizes) {
    auto const text = [](std::uint64_t n) { return std::to_string(n); };
    memory_->SetBufferSize(sizes.memtables());
    auto s = db_->SetDBOptions({{"max_total_wal_size", text(sizes.log())}});
    for (auto* h : handles_) {
        if (s.ok())
            s = db_->SetOptions(h, {{"write_buffer_size", text(sizes.memtable())},
                                    {"arena_block_size", text(sizes.memtable() / 8)},
                                    {"target_file_size_base", text(sizes.table())},
                                    {"max_bytes_for_level_base", text(4 * sizes.table())},
                                    {"max_compaction_bytes", text(sizes.compaction())}});
    }
    if (!s.ok())
        return error_of_status(s, "cannot resize the index");
    growth_bytes_ = sizes.growth();
    return {};
}

result<void> database::compact(family f) {
    auto const s = db_->CompactRange(rocksdb::CompactRangeOptions(), handle(f), nullptr, nullptr);
    if (!s.ok())
        return error_of_status(s, "cannot compact the index");
    return {};
}

std::shared_ptr<rocksdb::Snapshot const> database::snapshot() const {
    return {db_->GetSnapshot(), [db = db_.get()](rocksdb::Snapshot const* s) { db->ReleaseSnapshot(s); }};
}

std::unique_ptr<rocksdb::Iterator> database::scan(family f, rocksdb::Snapshot const* at) const {
    rocksdb::ReadOptions options;
    options.snapshot = at;
    return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, handle(f)));
}

result<totals> database::read_totals(rocksdb::Snapshot const* at) const {
    rocksdb::ReadOptions options;
    options.snapshot = at;
    rocksdb::PinnableSlice value;
    auto const s = db_->Get(options, handle(family::meta), slice(totals_key), &value);
    if (s.IsNotFound())
        return totals{};
    if (!s.ok())
        return error_of_status(s, "cannot read the index");
    auto const t = decode_totals(value.ToStringView());
    if (!t)
        return corrupt_row("totals");
    return *t;
}

std::uint64_t database::recent_disk_bytes() const noexcept {
    auto const since = written_bytes_.load(std::memory_order_relaxed) - seen_at_.load(std::memory_order_relaxed);
    auto const seen = seen_disk_bytes_.load(std::memory_order_relaxed);
    if (seen == 0 || since > growth_bytes() / 64)
        return disk_bytes();
    return seen + since;
}

std::uint64_t database::disk_bytes(family f, std::string_view first, std::string_view last) const {
    rocksdb::Range const range(slice(first), slice(last));
    std::uint64_t size = 0;
    auto const s = db_->GetApproximateSizes(rocksdb::SizeApproximationOptions(), handle(f), &range, 1, &size);
    return s.ok() ? size : 0;
}

std::uint64_t database::disk_bytes() const noexcept {
    auto const written = written_bytes_.load(std::memory_order_relaxed);
    std::uint64_t sum = 0;
    std::error_code ec;
    for (std::filesystem::directory_iterator at(folder_, ec), end; !ec && at != end; at.increment(ec)) {
        struct stat s {};
        if (::stat(at->path().c_str(), &s) == 0) // files come and go meanwhile
            sum += store::disk_bytes(s);
    }
    seen_disk_bytes_.store(sum, std::memory_order_relaxed);
    seen_at_.store(written, std::memory_order_relaxed);
    return sum;
}

} // namespace store

#if defined(__SANITIZE_THREAD__)
// Debian's RocksDB is not built for ThreadSanitizer: its atomics are invisible, so what it hands from thread to thread
// (a group of batches, a memtable) looks like a race of whoever called it; so do blocks that it lets a library write.
extern "C" char const* __tsan_default_suppressions() {
    return "called_from_lib:librocksdb.so\ncalled_from_lib:liblz4.so\ncalled_from_lib:libzstd.so\n"
           "race:librocksdb.so\nrace:store::core::write\n";
}
#endif
