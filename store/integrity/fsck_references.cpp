// fsck's look at what is written twice: a link also as a holder, by its digest; a manifest's children also as their
// parents. Links and children are what counts; the others follow them.
#include "store/integrity/fsck_run.h"

#include <functional>
#include <vector>

namespace store {
namespace {

struct mirrored_row {
    family f;
    std::string key;
};

// Every row that must be there because this one is.
using mirror = std::function<std::vector<mirrored_row>(std::string_view key, std::string_view value)>;

std::vector<mirrored_row> holders_of(std::string_view key, std::string_view) {
    auto const split = split_repository(key);
    auto const d = split ? decode_digest_key(split->rest) : std::nullopt;
    if (!d)
        return {}; // check_rows has said so
    return {{family::holders, std::string(holder_key(*d, split->repo).view())}};
}

std::vector<mirrored_row> parents_of(std::string_view key, std::string_view value) {
    auto const manifest = decode_digest_key(key);
    auto const children = decode_children(value);
    std::vector<mirrored_row> rows;
    if (manifest && children) {
        for (auto const& child : *children)
            rows.push_back({family::parents, std::string(parent_key(child.digest, *manifest).view())});
    }
    return rows;
}

result<bool> exists(fsck_run const& run, family f, std::string_view key) {
    rocksdb::PinnableSlice value;
    return run.c->db->get(f, key, access::any, value);
}

// The digest that a holders or parents key begins with.
std::string subject_of(std::string_view key) {
    auto const behind = behind_digest(key);
    auto const d = behind ? decode_digest_key(key.substr(0, key.size() - behind->size())) : std::nullopt;
    return d ? d->to_string() : "a key";
}

result<void> add_missing(fsck_run& run, family from, mirror const& wanted) {
    auto const rows = run.c->db->scan(from);
    database::batch b(*run.c->db);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        for (auto const& row : wanted(rows->key().ToStringView(), rows->value().ToStringView())) {
            auto const there = exists(run, row.f, row.key);
            if (!there)
                return there.error();
            if (*there)
                continue;
            run.find(fault::wrong_reference, subject_of(row.key),
                     row.f == family::holders ? "a repository links it, and its own row does not say so"
                                              : "a manifest names it, and its own row does not say so");
            b.put(row.f, row.key, {});
        }
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the index");
    return run.options.repair && !b.empty() ? run.write(b) : result<void>();
}

// Whether the link, or the manifest with that child, exists.
result<bool> is_founded(fsck_run const& run, family f, std::string_view key) {
    auto const behind = behind_digest(key);
    auto const d = behind ? decode_digest_key(key.substr(0, key.size() - behind->size())) : std::nullopt;
    if (!d)
        return true; // check_rows has said what is wrong
    if (f == family::holders)
        return exists(run, family::links, link_key(*behind, *d));
    rocksdb::PinnableSlice value;
    auto const found = run.c->db->get(family::children, *behind, access::any, value);
    if (!found)
        return found.error();
    for (auto const& row : *found ? parents_of(*behind, value.ToStringView()) : std::vector<mirrored_row>())
        if (row.key == key)
            return true;
    return false;
}

result<void> erase_unfounded(fsck_run& run, family f) {
    auto const rows = run.c->db->scan(f);
    std::vector<std::string> unfounded;
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        auto const key = rows->key().ToStringView();
        auto const founded = is_founded(run, f, key);
        if (!founded)
            return founded.error();
        if (*founded)
            continue;
        run.find(fault::wrong_reference, subject_of(key),
                 f == family::holders ? "its row names a repository that does not link it"
                                      : "its row names a manifest that does not name it");
        unfounded.emplace_back(key);
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the index");
    if (!run.options.repair || unfounded.empty())
        return {};
    database::batch b(*run.c->db);
    for (auto const& key : unfounded)
        b.erase(f, key);
    return run.write(b);
}

} // namespace

result<void> check_references(fsck_run& run) {
    if (auto added = add_missing(run, family::links, holders_of); !added)
        return added;
    if (auto added = add_missing(run, family::children, parents_of); !added)
        return added;
    if (auto erased = erase_unfounded(run, family::holders); !erased)
        return erased;
    return erase_unfounded(run, family::parents);
}

} // namespace store
