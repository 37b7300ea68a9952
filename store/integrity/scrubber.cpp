#include "store/integrity/scrubber.h"

#include "store/block_sums.h"
#include "store/core.h"
#include "store/integrity/quarantine.h"
#include "store/integrity/quiet_file.h"
#include "store/integrity/scrub_record.h"
#include "store/integrity/verdict.h"
#include "store/object_table.h"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <vector>

namespace store {
namespace {

constexpr std::uint64_t object_cost_bytes = 4096; // a seek and a row, however small

// A file on its way through the scrubber. During a step it is open, and marked so, or its space would be nobody's once
// it is evicted; between two steps it is neither, for a large one takes minutes: nobody uses it, and it may go.
struct file_check {
    oci::digest digest;
    object_row row;
    std::optional<quiet_file> file;
    open_handles::mark reading;
    struct stat status {}; // as it was opened first
    std::vector<std::uint64_t> sums;

    std::uint64_t offset = 0;
    std::optional<std::uint64_t> wrong_at; // a block that differs from its sum
    bool sums_wrong = false;
    // Only where the sums do not settle it:
    std::optional<oci::hasher> hash;
    std::optional<block_summer> summer;

    void begin_hashing() {
        offset = 0;
        hash.emplace(digest.algo());
        summer.emplace();
    }
};

bool goes_on(scrub_result const& r, std::uint64_t budget, std::stop_token const& stop) {
    return !r.pass_completed && r.bytes < budget && !stop.stop_requested();
}

} // namespace

struct scrubber::state {
    std::shared_ptr<core> c;
    std::function<void(scrub_finding const&)> on_finding;
    std::mutex mutable guard; // of counters, for counters()
    scrub_counters counters;
    std::string position;
    bool loaded = false;
    bool last_was_unreadable = false;
    std::optional<file_check> open;
    std::unique_ptr<rocksdb::Iterator> rows; // during a step
    std::vector<std::byte> block = std::vector<std::byte>(sum_block_bytes);

    template <class F>
    void count(F change) {
        std::lock_guard const lock(guard);
        change(counters);
    }

    result<void> load();
    void save();
    void end_pass(scrub_result& r);

    result<void> next_object(scrub_result& r); // without any more the pass ends
    result<void> begin(std::string_view key, std::string_view value, scrub_result& r);
    result<void> check_small(oci::digest const& d, scrub_result& r);
    result<void> open_file(oci::digest const& d, object_row row);
    result<void> resume();
    void suspend();
    result<void> read_block(scrub_result& r);
    result<void> end_of_file();
    result<void> end_unreadable(oci::digest const& d, std::optional<struct stat> const& file,
                                std::optional<std::uint64_t> offset, int number);
    result<void> end_good(std::optional<std::vector<std::uint64_t>> const& new_sums);
    result<void> end_bad(scrub_finding const& f, std::optional<struct stat> const& file);
};

scrubber::scrubber(content_store const& s, std::function<void(scrub_finding const&)> on_finding)
    : state_(new state{.c = s.internals(), .on_finding = std::move(on_finding)}) {
    (void)state_->load(); // for the counters; a step tries again
}

scrubber::~scrubber() = default;

scrub_counters scrubber::counters() const {
    std::lock_guard const lock(state_->guard);
    return state_->counters;
}

result<std::uint64_t> scrubber::quarantined_bytes() const {
    return quarantine(*state_->c->folder).bytes();
}

result<scrub_result> scrubber::step(std::uint64_t budget, std::stop_token const& stop) {
    auto& s = *state_;
    if (auto loaded = s.load(); !loaded)
        return loaded.error();
    scrub_result r;
    std::optional<error> failed;
    if (auto resumed = s.resume(); !resumed)
        failed = resumed.error();
    for (bool first = true; !failed && (first || goes_on(r, budget, stop)); first = false) {
        auto const done = s.open ? s.read_block(r) : s.next_object(r);
        if (!done)
            failed = done.error();
    }
    s.rows.reset();
    s.suspend();
    s.save();
    if (failed)
        return *failed;
    return r;
}

result<void> scrubber::state::load() {
    if (loaded)
        return {};
    rocksdb::PinnableSlice value;
    auto const found = c->db->get(family::values, scrub_record_name, access::any, value);
    if (!found)
        return found.error();
    loaded = true;
    if (!*found)
        return {};
    if (auto record = decode_scrub_record(value.ToStringView())) { // else from the beginning
        position = std::move(record->position);
        count([&](scrub_counters& now) { now = record->counters; });
    }
    return {};
}

// Not worth an error: whoever fails here repeats some reading after a restart.
void scrubber::state::save() {
    database::batch b(*c->db);
    b.put(family::values, scrub_record_name, encode(scrub_record{position, counters}));
    (void)c->write(b, write_sync::no);
}

void scrubber::state::end_pass(scrub_result& r) {
    r.pass_completed = true;
    position.clear();
    count([&](scrub_counters& now) {
        ++now.passes_completed;
        now.last_pass_started_at = std::exchange(now.pass_started_at, 0);
        now.last_pass_ended_at = c->now();
    });
}

result<void> scrubber::state::next_object(scrub_result& r) {
    if (counters.pass_started_at == 0)
        count([&](scrub_counters& now) { now.pass_started_at = c->now(); });
    if (!rows) {
        rows = c->db->scan(family::objects);
        rows->Seek(position.empty() ? position : position + '\0');
    }
    if (!rows->Valid()) {
        if (!rows->status().ok())
            return error_of_status(rows->status(), "cannot list the objects");
        end_pass(r);
        return {};
    }
    position = rows->key().ToString();
    auto const begun = begin(position, rows->value().ToStringView(), r);
    rows->Next();
    return begun;
}

result<void> scrubber::state::begin(std::string_view key, std::string_view value, scrub_result& r) {
    r.bytes += object_cost_bytes;
    auto const d = decode_digest_key(key);
    if (!d) {
        c->warn(corrupt_row("a row of no digest").message);
        return {};
    }
    auto row = decode_object(value);
    if (!row)
        return end_bad({.digest = *d, .what = damage::wrong_row}, std::nullopt);
    if (row->info.place == object_place::row)
        return check_small(*d, r);
    return open_file(*d, *std::move(row));
}

result<void> scrubber::state::check_small(oci::digest const& d, scrub_result& r) {
    auto const bytes = find_small(*c, d, access::any);
    if (!bytes)
        return bytes.error();
    auto const size = *bytes ? (*bytes)->size() : 0;
    r.bytes += size;
    count([&](scrub_counters& now) { now.bytes_checked += size; });
    if (!*bytes)
        return end_bad({.digest = d, .what = damage::wrong_row}, std::nullopt);
    if (oci::digest::of(**bytes, d.algo()) != d)
        return end_bad({.digest = d, .what = damage::wrong_bytes, .offset = 0}, std::nullopt);
    count([](scrub_counters& now) { ++now.objects_checked; });
    return {};
}

result<void> scrubber::state::open_file(oci::digest const& d, object_row row) {
    auto reading = c->handles->open(d);
    auto file = quiet_file::open(c->folder->files(), c->folder->root(), blob_path(d).file());
    if (!file && errno == EIO) // once more
        file = quiet_file::open(c->folder->files(), c->folder->root(), blob_path(d).file());
    if (!file && errno == EIO) {
        auto const status = c->folder->stat_blob(d);
        return status ? end_unreadable(d, *status, std::nullopt, EIO) : status.error();
    }
    if (!file && errno != ENOENT)
        return error_of_errno(errno, "cannot open " + c->folder->path_of(d));
    if (!file || !S_ISREG(file->status().st_mode))
        return end_bad({.digest = d, .what = damage::missing}, std::nullopt);
    auto const size = static_cast<std::uint64_t>(file->status().st_size);
    if (size != row.info.size)
        return end_bad({.digest = d,
                        .what = damage::wrong_size,
                        .offset = std::min(size, row.info.size) / sum_block_bytes * sum_block_bytes},
                       file->status());
    auto sums = find_sums(*c, d);
    if (!sums && sums.error().code != errc::corrupt)
        return sums.error();
    auto const status = file->status();
    open.emplace(file_check{
        .digest = d, .row = std::move(row), .file = std::move(file), .reading = std::move(reading), .status = status});
    auto const blocks = (size + sum_block_bytes - 1) / sum_block_bytes;
    open->sums_wrong = !sums || (!sums->empty() && sums->size() != blocks);
    if (open->sums_wrong || (sums->empty() && size > 0))
        open->begin_hashing();
    else
        open->sums = *std::move(sums);
    return {};
}

// With what the last step was at, if that is still here and the same; from its beginning if it is another file.
result<void> scrubber::state::resume() {
    if (!open)
        return {};
    auto const d = open->digest;
    open->reading = c->handles->open(d);
    auto const row = find_object(*c, d, access::any);
    if (!row)
        return row.error();
    if (!*row || (*row)->info.place != object_place::file) {
        open.reset();
        return {};
    }
    auto file = quiet_file::open(c->folder->files(), c->folder->root(), blob_path(d).file());
    bool const is_same = file && file->status().st_ino == open->status.st_ino &&
                         file->status().st_size == open->status.st_size && (*row)->info.size == open->row.info.size;
    if (is_same) {
        open->file = std::move(file);
        open->row = **row;
        return {};
    }
    open.reset();
    return open_file(d, **row);
}

void scrubber::state::suspend() {
    if (!open)
        return;
    open->file.reset();
    open->reading = {};
}

result<void> scrubber::state::read_block(scrub_result& r) {
    auto& f = *open;
    auto const n = std::min<std::uint64_t>(sum_block_bytes, f.row.info.size - f.offset);
    if (n == 0)
        return end_of_file();
    std::span const wanted(block.data(), n);
    auto got = f.file->read(f.offset, wanted);
    if (got == -1)
        got = f.file->read(f.offset, wanted); // once more
    if (got == -1)
        return end_unreadable(f.digest, f.status, f.offset, errno);
    r.bytes += static_cast<std::uint64_t>(got);
    count([&](scrub_counters& now) { now.bytes_checked += static_cast<std::uint64_t>(got); });
    if (static_cast<std::uint64_t>(got) < n)
        return end_bad({.digest = f.digest, .what = damage::wrong_size, .offset = f.offset}, f.status);

    if (f.hash) {
        f.hash->update(wanted);
        f.summer->update(wanted);
    } else if (sum_of_block(wanted) != f.sums[f.offset / sum_block_bytes]) {
        f.wrong_at = f.offset;
        f.sums_wrong = true;
        f.begin_hashing();
        return {};
    }
    f.offset += n;
    return f.offset == f.row.info.size ? end_of_file() : result<void>();
}

result<void> scrubber::state::end_of_file() {
    auto& f = *open;
    if (!f.hash)
        return end_good(std::nullopt);
    if (f.hash->finish() != f.digest)
        return end_bad({.digest = f.digest, .what = damage::wrong_bytes, .offset = f.wrong_at}, f.status);
    return end_good(f.summer->finish());
}

result<void> scrubber::state::end_good(std::optional<std::vector<std::uint64_t>> const& new_sums) {
    auto const f = *std::exchange(open, std::nullopt);
    last_was_unreadable = false;
    count([](scrub_counters& now) { ++now.objects_checked; });
    if (new_sums) {
        if (auto written = rewrite_sums(*c, f.digest, f.status, *new_sums); !written)
            return written.error();
        if (f.sums_wrong) {
            c->warn("the block sums of " + f.digest.to_string() + " were wrong, its bytes are not: rewritten");
            count([](scrub_counters& now) { ++now.sums_rewritten; });
        }
    }
    return is_suspect(c->opened_as, f.row.epoch) ? settle(*c, f.digest, f.row) : result<void>();
}

result<void> scrubber::state::end_unreadable(oci::digest const& d, std::optional<struct stat> const& file,
                                             std::optional<std::uint64_t> offset, int number) {
    if (!std::exchange(last_was_unreadable, true))
        return end_bad({.digest = d, .what = damage::unreadable, .offset = offset}, file);
    open.reset();
    return error_of_errno(number, "cannot read " + c->folder->path_of(d));
}

result<void> scrubber::state::end_bad(scrub_finding const& f, std::optional<struct stat> const& file) {
    if (f.what != damage::unreadable)
        last_was_unreadable = false;
    // Closed only after it is known to be the same file: until then its number cannot be another's.
    auto const condemned = condemn(*c, f, file);
    open.reset();
    count([](scrub_counters& now) { ++now.objects_checked; });
    if (!condemned)
        return condemned.error();
    if (!*condemned)
        return {};
    count([](scrub_counters& now) { ++now.rotten; });
    c->warn("dropped " + f.digest.to_string() + ": " + std::string(to_string(f.what)) +
            ((*condemned)->quarantined ? ", its file is in quarantine" : ""));
    if (on_finding)
        on_finding(**condemned);
    return {};
}

std::string_view to_string(damage d) noexcept {
    switch (d) {
    case damage::missing:
        return "missing";
    case damage::wrong_size:
        return "wrong_size";
    case damage::wrong_bytes:
        return "wrong_bytes";
    case damage::unreadable:
        return "unreadable";
    case damage::wrong_row:
        return "wrong_row";
    }
    return "unknown";
}

} // namespace store
