#include "store/eviction/forgetting.h"

#include "store/core.h"
#include "store/eviction/image_graph.h"
#include "store/index_codec.h"
#include "store/link_table.h"
#include "store/object_table.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace store {
namespace {

constexpr std::int64_t hour = 3600;
constexpr std::int64_t pass_every = hour;
constexpr std::int64_t link_patience = 7 * 24 * hour;
constexpr std::int64_t tag_patience = 30 * 24 * hour;

bool is_here(core const& c, oci::digest const& d) {
    auto const row = find_object(c, d, access::any);
    return !row || *row; // what cannot be read is not forgotten
}

bool is_named(core const& c, oci::digest const& d) {
    auto const parents = parents_of(c, d);
    return !parents || std::any_of(parents->begin(), parents->end(), [&](auto const& p) { return is_here(c, p); });
}

// Reads on from `key`, collects what `wanted` keeps, and leaves `key` behind the last row. How many rows were read; 0:
// the family is over.
template <class T>
result<std::size_t> collect(core const& c, family f, std::string& key, std::size_t rows_max, std::vector<T>& to,
                            std::function<std::optional<T>(std::string_view, std::string_view)> const& wanted) {
    auto const rows = c.db->scan(f);
    std::size_t read = 0;
    for (rows->Seek(key); rows->Valid() && read < rows_max; rows->Next(), ++read) {
        if (auto one = wanted(rows->key().ToStringView(), rows->value().ToStringView()))
            to.push_back(*std::move(one));
        key = rows->key().ToString() + '\0';
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the index");
    return read;
}

struct held_digest {
    std::string repo;
    oci::digest digest;
};

struct held_tag {
    std::string repo;
    oci::tag tag;
};

} // namespace

// How long what is gone is remembered: usually so long, an hour if the index takes more than an eighth of the limit.
std::int64_t forgetting::patience(std::int64_t usual) const {
    auto const limit = core_.room.limits().keep_storage;
    bool const large = limit != 0 && core_.db->recent_disk_bytes() > limit / 8;
    return large ? hour : usual;
}

result<std::size_t> forgetting::step_links(std::size_t rows) {
    auto const oldest = core_.now() - patience(link_patience);
    auto const is_forgotten = [&](oci::digest const& d, std::optional<link> const& row) {
        return row && row->linked_at <= oldest && !is_here(core_, d) && !is_named(core_, d);
    };
    std::vector<held_digest> gone;
    auto const read =
        collect<held_digest>(core_, family::links, next_key_, rows, gone,
                             [&](std::string_view key, std::string_view value) -> std::optional<held_digest> {
                                 auto const split = split_repository(key);
                                 auto const d = split ? decode_digest_key(split->rest) : std::nullopt;
                                 if (!d || !is_forgotten(*d, decode_link(value)))
                                     return std::nullopt;
                                 return held_digest{std::string(split->repo), *d};
                             });
    if (!read)
        return read.error();
    for (auto const& one : gone) {
        auto const lock = core_.locks.hold(one.digest); // it may have come back meanwhile
        auto const row = find_link_row(core_, one.repo, one.digest, access::any);
        if (!row || !is_forgotten(one.digest, *row))
            continue;
        database::batch b(*core_.db);
        auto const staged = stage_unlink(core_, b, one.repo, one.digest);
        if (!staged)
            return staged.error();
        if (auto written = core_.write(b, write_sync::no, removal_margin_bytes); !written)
            return written.error();
        core_.outdate_lookups();
        core_.residents->facts_changed(one.digest);
        ++forgotten_;
    }
    return *read;
}

// Of manifests that are gone. They come back with the manifest.
result<std::size_t> forgetting::step_children(std::size_t rows) {
    std::vector<oci::digest> gone;
    auto const read = collect<oci::digest>(core_, family::children, next_key_, rows, gone,
                                           [&](std::string_view key, std::string_view) -> std::optional<oci::digest> {
                                               auto const d = decode_digest_key(key);
                                               return d && !is_here(core_, *d) ? d : std::nullopt;
                                           });
    if (!read)
        return read.error();
    for (auto const& manifest : gone) {
        auto const lock = core_.locks.hold(manifest);
        auto const children = children_of(core_, manifest);
        if (!children || is_here(core_, manifest))
            continue;
        database::batch b(*core_.db);
        b.erase(family::children, digest_key(manifest));
        for (auto const& child : *children)
            b.erase(family::parents, parent_key(child, manifest));
        if (auto written = core_.write(b, write_sync::no, removal_margin_bytes); !written)
            return written.error();
        ++forgotten_;
    }
    return *read;
}

result<std::size_t> forgetting::step_tags(std::size_t rows) {
    auto const oldest = core_.now() - patience(tag_patience);
    auto const is_forgotten = [&](std::optional<tag_record> const& row) {
        return row && row->checked_at <= oldest && !is_here(core_, row->digest);
    };
    std::vector<held_tag> gone;
    auto const read = collect<held_tag>(core_, family::tags, next_key_, rows, gone,
                                        [&](std::string_view key, std::string_view value) -> std::optional<held_tag> {
                                            auto const split = split_repository(key);
                                            auto tag = oci::tag::parse(split ? split->rest : std::string_view());
                                            if (!tag || !is_forgotten(decode_tag(value)))
                                                return std::nullopt;
                                            return held_tag{std::string(split->repo), *std::move(tag)};
                                        });
    if (!read)
        return read.error();
    for (auto const& one : gone) {
        auto const key = tag_key(one.repo, one.tag.name());
        auto const lock = core_.locks.hold_key(key); // it may have been checked again, or moved
        rocksdb::PinnableSlice value;
        auto const found = core_.db->get(family::tags, key, access::any, value);
        if (!found || !*found || !is_forgotten(decode_tag(value.ToStringView())))
            continue;
        database::batch b(*core_.db);
        b.erase(family::tags, key);
        if (auto written = core_.write(b, write_sync::no, removal_margin_bytes); !written)
            return written.error();
        core_.outdate_lookups();
        ++forgotten_;
    }
    return *read;
}

result<void> forgetting::step(std::size_t rows) {
    auto const now = core_.now();
    if (at_ == part::none) {
        if (now >= pass_began_ && now < pass_began_ + pass_every)
            return {};
        pass_began_ = now;
        at_ = part::links;
        next_key_.clear();
    }
    auto const read = at_ == part::links      ? step_links(rows)
                      : at_ == part::children ? step_children(rows)
                                              : step_tags(rows);
    if (!read) {
        at_ = part::none;
        return read.error();
    }
    if (*read < rows) {
        at_ = static_cast<part>(static_cast<int>(at_) + 1);
        next_key_.clear();
    }
    return {};
}

} // namespace store
