#include "store/content_store.h"

#include "store/core.h"
#include "store/eviction/forgetting.h"
#include "store/hosted/hosted_repositories.h"
#include "store/image_purge.h"
#include "store/object_table.h"
#include "store/partials.h"
#include "store/publication.h"
#include "store/recovery.h"
#include "store/writer_state.h"

namespace store {
namespace {

// How often a lookup starts again because the object changed under it.
constexpr int attempts_max = 4;

using opened = content_store::opened;

std::shared_ptr<blob_file const> as_file(std::shared_ptr<std::string const> bytes) {
    return std::make_shared<blob_file const>(std::move(bytes));
}

// The readable bytes of a row that was just read; null if they are not as the row says.
result<std::shared_ptr<blob_file const>> open_content(core const& c, oci::digest const& d, object const& info, access a,
                                                      open_handles::mark reading) {
    if (info.place == object_place::row) {
        auto bytes = find_small(c, d, a);
        if (!bytes)
            return bytes.error();
        if (!*bytes || (*bytes)->size() != info.size)
            return std::shared_ptr<blob_file const>();
        return as_file(*std::move(bytes));
    }
    auto fd = c.folder->open_blob(d, a);
    if (!fd)
        return fd.error();
    if (!*fd)
        return std::shared_ptr<blob_file const>();
    struct stat s {};
    if (c.folder->files().stat((*fd)->get(), s) == -1)
        return error_of_errno(errno, "cannot stat " + d.to_string());
    if (!is_content(s, info.size))
        return std::shared_ptr<blob_file const>();
    return std::make_shared<blob_file const>(*std::move(*fd), info.size, std::move(reading));
}

} // namespace

struct content_store::state {
    std::shared_ptr<core> shared;
    metadata_index index{*shared};
    series_table series{*shared};
    forgetting memory{*shared}; // this and the next are maintain()'s
    std::int64_t uses_saved_at = 0;
    std::optional<hosted_repositories> hosted;
};

content_store::content_store(std::unique_ptr<state> s) : state_(std::move(s)) {}
content_store::~content_store() = default;

result<std::unique_ptr<content_store>> content_store::open(options o) {
    auto shared = open_core(std::move(o));
    if (!shared)
        return shared.error();
    auto s = std::unique_ptr<state>(new state{*std::move(shared)});
    std::unique_ptr<content_store> store(new content_store(std::move(s)));
    store->state_->hosted.emplace(*store);
    if (auto loaded = store->hosted().sessions().load(); !loaded)
        return loaded.error();
    return store;
}

metadata_index& content_store::index() noexcept {
    return state_->index;
}

series_table& content_store::series() noexcept {
    return state_->series;
}

hosted_repositories& content_store::hosted() noexcept {
    return *state_->hosted;
}

std::shared_ptr<core> const& content_store::internals() const noexcept {
    return state_->shared;
}

result<std::optional<object>> content_store::find(oci::digest const& d, access a) const {
    auto row = find_object(*state_->shared, d, a);
    if (!row)
        return row.error();
    if (!*row)
        return std::optional<object>();
    return std::optional(std::move((*row)->info));
}

result<std::optional<opened>> content_store::open_blob(oci::digest const& d, access a) const {
    auto& c = *state_->shared;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        auto reading = c.handles->open(d); // before the row is read: see open_handles.h
        auto row = find_object(c, d, a);
        if (!row)
            return row.error();
        if (!*row)
            return std::optional<opened>();

        bool const suspect = is_suspect(c.opened_as, (*row)->epoch);
        if (!suspect) {
            auto file = open_content(c, d, (*row)->info, a, std::move(reading));
            if (!file)
                return file.error();
            if (*file)
                c.residents->touch(d);
            if (*file)
                return std::optional(opened{std::move((*row)->info), *std::move(file)});
        }
        if (a == access::memory)
            return error{errc::would_block, {}};
        reading = {}; // nobody reads what may have to go
        auto const remains = suspect ? settle_suspect(c, d, **row) : drop_unless_intact(c, d);
        if (!remains)
            return remains.error();
        if (!*remains)
            return std::optional<opened>();
    }
    return error{errc::io, d.to_string() + " keeps changing while it is opened"};
}

result<blob_writer> content_store::begin(oci::algorithm a, std::optional<std::uint64_t> size) {
    auto const& c = state_->shared;
    auto space = c->room.reserve(size.value_or(0));
    if (!space)
        return space.error();
    bool const small = size && *size <= c->settings.inline_max;
    auto temp = small ? c->folder->create_in_memory(*size) : c->folder->create(size);
    if (!temp)
        return temp.error();
    if (!small && size)
        space->allocated(c->folder->allocated_bytes(*temp));
    return blob_writer(std::make_unique<blob_writer::state>(c, a, size, *std::move(temp), *std::move(space)));
}

result<object> content_store::put(oci::digest const& d, std::string_view bytes, object_traits traits) {
    if (bytes.size() <= state_->shared->settings.inline_max) {
        if (oci::digest::of(bytes, d.algo()) != d)
            return error{errc::digest_mismatch, "the content is not " + d.to_string()};
        if (auto room = state_->shared->room.check_row(bytes.size()); !room)
            return room.error();
        return publish_row(*state_->shared, d, bytes, traits);
    }
    auto writer = begin(d.algo(), bytes.size());
    if (!writer)
        return writer.error();
    if (auto appended = writer->append(std::as_bytes(std::span(bytes))); !appended)
        return appended.error();
    return writer->commit(d, std::move(traits));
}

result<void> content_store::remove(oci::digest const& d) {
    return withdraw(*state_->shared, d);
}

void content_store::touch(oci::digest const& d) noexcept {
    state_->shared->residents->touch(d);
}

void content_store::set_limits(space_limits const& limits) {
    auto& c = *state_->shared;
    auto const before = index_sizes_for(c.room.limits().keep_storage);
    auto const after = index_sizes_for(limits.keep_storage);
    auto const resize_index = [&] {
        if (auto resized = c.db->resize(after); !resized)
            c.warn(resized.error().message);
    };
    // It takes a while, in which others hold the limits too. What the index of a large store may grow by is more than a
    // small one may take: under both, everything would go.
    if (after.unit < before.unit)
        resize_index();
    c.room.set_limits(limits);
    if (after.unit > before.unit)
        resize_index();
    c.room.hold_limits();
}

void content_store::set_rules(std::vector<gc_rule> rules) {
    if (rules.size() > gc_rules_max)
        rules.resize(gc_rules_max);
    state_->shared->residents->set_rules(std::move(rules));
}

gc_report content_store::collect(gc_request const& request) {
    auto& c = *state_->shared;
    gc_report report;
    if (auto loaded = c.residents->load(); !loaded) {
        report.error = loaded.error().message;
        return report;
    }
    if (request.hosted)
        report = hosted().collect(request);
    auto const missing = c.room.shortage_for(0);
    auto const why = missing.by_limit >= missing.by_disk ? gc_reason::keep_storage : gc_reason::min_free_space;
    auto planned = c.residents->plan(c.folder->free_bytes(), missing.bytes(), why);
    if (!request.dry_run) {
        empty_trash(c);
        report += c.residents->apply(planned, request.progress, request.stop);
        return report;
    }
    report.dry_run = true;
    for (auto const& item : planned)
        report.by_reason[static_cast<std::size_t>(item.reason)] += {1, item.disk_bytes};
    for (auto& item : planned)
        if (report.items.size() < gc_report::items_max)
            report.items.push_back(std::move(item));
    return report;
}

gc_report content_store::purge(std::vector<oci::digest> const& digests) {
    return state_->shared->residents->purge(digests);
}

result<gc_report> content_store::purge_image(repository_name const& repo, oci::reference const& r) {
    auto& c = *state_->shared;
    if (auto loaded = c.residents->load(); !loaded)
        return loaded.error();
    return image_purge(c, state_->index, repo, hosted().is_mirrored(repo)).run(r);
}

bool content_store::has_room(std::uint64_t bytes) const {
    return state_->shared->room.shortage_for(bytes).bytes() == 0;
}

void content_store::maintain() {
    auto& c = *state_->shared;
    (void)c.residents->load(); // or what of it can be read
    c.residents->take_in_touches();
    empty_trash(c);
    c.kept.drop_older_than(c.now() - partials::age_max.count());
    c.room.hold_limits();
    constexpr std::size_t rows_at_once = 2000; // some ten milliseconds
    if (auto forgot = state_->memory.step(rows_at_once); !forgot)
        c.warn(forgot.error().message);
    auto const now = c.now();
    constexpr std::int64_t save_every = 60; // seconds
    if (now >= state_->uses_saved_at && now < state_->uses_saved_at + save_every)
        return;
    state_->uses_saved_at = now;
    constexpr std::size_t uses_max = 100'000; // at once; the rest comes next time
    if (auto saved = c.residents->save_uses(uses_max); !saved)
        c.warn("last uses not saved: " + saved.error().message);
}

usage content_store::used() const {
    auto const& c = *state_->shared;
    auto const& sums = c.sums;
    usage u{.objects = sums.objects(),
            .content_bytes = sums.content_bytes(),
            .disk_bytes = sums.file_bytes() + sums.temp_bytes() + sums.trash_bytes() + c.quarantined.load() +
                          c.folder->folder_bytes() + c.db->disk_bytes(),
            .reserved_bytes = sums.reserved_bytes(),
            .logical_bytes = sums.logical_bytes(),
            .limit_bytes = c.room.limits().keep_storage,
            .pools = c.residents->pools(),
            .contents = c.residents->contents(),
            .evicted = {},
            .returned = c.residents->returned()};
    auto const& counted = c.residents->counters();
    for (std::size_t i = 0; i < gc_reason_count; ++i)
        u.evicted[i] = {counted.objects[i].load(), counted.bytes[i].load()};
    return u;
}

result<void> content_store::flush() {
    auto& c = *state_->shared;
    c.residents->take_in_touches();
    if (auto saved = c.residents->save_uses(SIZE_MAX); !saved)
        c.warn("last uses not saved: " + saved.error().message);
    if (auto noted = state_->hosted->note_clean_stop(); !noted)
        c.warn(noted.error().message);
    if (auto ended = end_epoch(c); !ended)
        return ended.error();
    return c.db->flush();
}

} // namespace store
