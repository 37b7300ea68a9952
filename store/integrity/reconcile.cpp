#include "store/integrity/reconcile.h"

#include "store/core.h"
#include "store/integrity/blob_walk.h"
#include "store/integrity/recount.h"
#include "store/object_table.h"
#include "store/publication.h"

#include <optional>
#include <string>

namespace store {

struct reconciler::state {
    explicit state(std::shared_ptr<core> shared) : c(std::move(shared)), walk(*c->folder) {}

    bool step_files();
    void look_at(oci::digest const& d, std::string const& path);

    result<bool> step_rows(std::size_t entries, std::stop_token const& stop);
    void look_at(oci::digest const& d);

    void begin_count();
    result<void> correct();
    void say_drift(totals const& drift);

    void fail(std::string const& message) {
        ++found.failures;
        c->warn(message);
    }
    enum class phase : std::uint8_t { files, rows, count, correct, done };

    std::shared_ptr<core> c;
    reconcile_result found;
    phase now = phase::files;
    blob_walk walk;
    std::string next_row; // the key to go on from
    std::optional<recount> count;
    std::size_t next_wrong = 0;
};

reconciler::reconciler(content_store const& s) : state_(std::make_unique<state>(s.internals())) {}
reconciler::~reconciler() = default;

reconcile_result const& reconciler::found() const noexcept {
    return state_->found;
}

result<bool> reconciler::step(std::size_t entries, std::stop_token const& stop) {
    using phase = state::phase;
    auto& s = *state_;
    if (s.now == phase::files) {
        for (; entries > 0 && !stop.stop_requested(); --entries) {
            if (!s.step_files()) {
                s.now = phase::rows;
                break;
            }
        }
    } else if (s.now == phase::rows) {
        auto const done = s.step_rows(entries, stop);
        if (!done)
            return done.error();
        if (*done)
            s.begin_count();
    } else if (s.now == phase::count) {
        auto const done = s.count->step(entries);
        if (!done) {
            s.begin_count(); // from the beginning: the rows may be readable again by then
            return done.error();
        }
        if (*done)
            s.now = phase::correct;
    } else if (s.now == phase::correct) {
        if (auto corrected = s.correct(); !corrected)
            return corrected.error();
    }
    return s.now == phase::done;
}

bool reconciler::state::step_files() {
    auto const v = walk.next();
    if (!v)
        return false;
    switch (v->kind) {
    case walk_visit::what::blob:
        look_at(*v->digest, v->path);
        break;
    case walk_visit::what::foreign:
        ++found.foreign;
        c->warn((c->folder->path() / v->path).string() + " is not layerd's: it is left alone");
        break;
    case walk_visit::what::unreadable:
        fail(v->message);
        break;
    }
    return true;
}

// Under the lock there is no publication between its file and its row, nor a removal between row and file.
void reconciler::state::look_at(oci::digest const& d, std::string const& path) {
    ++found.files;
    auto const needed = [&]() -> result<bool> {
        auto const row = find_object(*c, d, access::any);
        if (!row)
            return row.error();
        return *row && (*row)->info.place == object_place::file;
    };
    auto const at_first = needed();
    if (!at_first)
        return fail(at_first.error().message);
    if (*at_first)
        return;

    auto const lock = c->locks.hold(d);
    auto const still = needed();
    if (!still)
        return fail(still.error().message);
    struct stat s {};
    if (*still || c->waiting.holds(d) || c->folder->files().stat_path(c->folder->root(), path.c_str(), s) == -1)
        return;
    if (auto removed = c->folder->remove(d); !removed)
        return fail(removed.error().message);
    ++found.orphans_removed;
    found.orphan_bytes += static_cast<std::uint64_t>(s.st_size);
}

result<bool> reconciler::state::step_rows(std::size_t entries, std::stop_token const& stop) {
    auto const rows = c->db->scan(family::objects);
    for (rows->Seek(next_row); rows->Valid() && entries > 0 && !stop.stop_requested(); rows->Next(), --entries) {
        next_row = rows->key().ToString() + '\0';
        ++found.rows;
        auto const d = decode_digest_key(rows->key().ToStringView());
        auto const row = decode_object(rows->value().ToStringView());
        if (!d || !row)
            fail(corrupt_row(d ? "a row of " + d->to_string() : "a row of no digest").message);
        else if (row->info.place == object_place::file)
            look_at(*d);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot list the objects");
    return !rows->Valid();
}

void reconciler::state::look_at(oci::digest const& d) {
    auto const file = c->folder->stat_blob(d);
    if (!file)
        return fail(file.error().message);
    auto const row = find_object(*c, d, access::any); // the file may be newer than the scan
    if (!row)
        return fail(row.error().message);
    if (!*row || (*row)->info.place == object_place::row)
        return;
    if (*file && S_ISREG((*file)->st_mode) && static_cast<std::uint64_t>((*file)->st_size) == (*row)->info.size)
        return;
    auto const intact = drop_unless_intact(*c, d);
    if (!intact)
        fail(intact.error().message); // the row may be gone all the same
    auto const left = intact ? result<std::optional<object_row>>(std::nullopt) : find_object(*c, d, access::any);
    found.rows_dropped += intact ? !*intact : left && !*left;
}

void reconciler::state::begin_count() {
    count.emplace(c);
    next_wrong = 0;
    now = phase::count;
}

result<void> reconciler::state::correct() {
    auto const& wrong = count->wrong_counts();
    for (; next_wrong < wrong.size(); ++next_wrong) {
        auto const& w = wrong[next_wrong];
        if (auto corrected = correct_count(*c, w); !corrected)
            return corrected.error();
        ++found.link_counts_corrected;
        c->warn("the link count of " + w.digest.to_string() + " was off by " + std::to_string(-w.missing) +
                ": corrected");
    }
    auto const drift = count->drift();
    if (drift != totals{}) {
        database::batch b(*c->db);
        b.add(drift);
        if (auto written = c->write(b, write_sync::no); !written)
            return written.error();
        found.drift = drift;
        say_drift(drift);
    }
    count.reset();
    now = phase::done;
    return {};
}

void reconciler::state::say_drift(totals const& drift) {
    auto const part = [](std::int64_t by, char const* name) {
        return by == 0 ? std::string() : std::string(" ") + name + " by " + std::to_string(-by);
    };
    c->warn("the running sums were off:" + part(drift.objects, "objects") + part(drift.content_bytes, "content_bytes") +
            part(drift.file_bytes, "file_bytes") + part(drift.logical_bytes, "logical_bytes") +
            part(drift.files, "files") + ": corrected");
}

} // namespace store
