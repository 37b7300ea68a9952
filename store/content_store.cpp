#include "store/content_store.h"

#include "store/core.h"
#include "store/object_table.h"
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
result<std::shared_ptr<blob_file const>> open_content(core const& c, oci::digest const& d, object const& info,
                                                      access a) {
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
    if (static_cast<std::uint64_t>(s.st_size) != info.size)
        return std::shared_ptr<blob_file const>();
    return std::make_shared<blob_file const>(*std::move(*fd), info.size);
}

} // namespace

struct content_store::state {
    std::shared_ptr<core> shared;
    metadata_index index{*shared};
};

content_store::content_store(std::unique_ptr<state> s) : state_(std::move(s)) {}
content_store::~content_store() = default;

result<std::unique_ptr<content_store>> content_store::open(options o) {
    auto shared = open_core(std::move(o));
    if (!shared)
        return shared.error();
    auto s = std::unique_ptr<state>(new state{*std::move(shared)});
    return std::unique_ptr<content_store>(new content_store(std::move(s)));
}

metadata_index& content_store::index() noexcept {
    return state_->index;
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
        auto row = find_object(c, d, a);
        if (!row)
            return row.error();
        if (!*row)
            return std::optional<opened>();

        bool const suspect = is_suspect(c.opened_as, (*row)->epoch);
        if (!suspect) {
            auto file = open_content(c, d, (*row)->info, a);
            if (!file)
                return file.error();
            if (*file)
                return std::optional(opened{std::move((*row)->info), *std::move(file)});
        }
        if (a == access::memory)
            return error{errc::would_block, {}};
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
    if (auto room = c->folder->check_room(size.value_or(0), content_margin_bytes); !room)
        return room.error();
    reservation space(c->sums, size.value_or(0));
    bool const small = size && *size <= c->settings.inline_max;
    auto temp = small ? c->folder->create_in_memory(*size) : c->folder->create(size);
    if (!temp)
        return temp.error();
    return blob_writer(std::make_unique<blob_writer::state>(c, a, size, *std::move(temp), std::move(space)));
}

result<object> content_store::put(oci::digest const& d, std::string_view bytes, object_traits traits) {
    if (bytes.size() <= state_->shared->settings.inline_max) {
        if (oci::digest::of(bytes, d.algo()) != d)
            return error{errc::digest_mismatch, "the content is not " + d.to_string()};
        if (auto room = state_->shared->folder->check_room(bytes.size(), content_margin_bytes); !room)
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

usage content_store::used() const {
    auto const& c = *state_->shared;
    auto const& sums = c.sums;
    return {.objects = sums.objects(),
            .content_bytes = sums.content_bytes(),
            .disk_bytes = sums.file_bytes() + sums.temp_bytes() + c.folder->base_bytes() + c.db->disk_bytes(),
            .reserved_bytes = sums.reserved_bytes(),
            .logical_bytes = sums.logical_bytes()};
}

result<void> content_store::flush() {
    auto& c = *state_->shared;
    if (auto ended = end_epoch(c); !ended)
        return ended.error();
    return c.db->flush();
}

} // namespace store
