#include "store/hosted/unlisting.h"

#include "store/eviction/image_graph.h"
#include "store/index_codec.h"
#include "store/link_table.h"
#include "store/object_table.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace store {
result<std::string> read_manifest(core const& c, oci::digest const& d) {
    auto const row = find_object(c, d, access::any);
    if (!row)
        return row.error();
    if (!*row || (*row)->info.size > oci::max_manifest_size)
        return std::string();
    if ((*row)->info.place == object_place::row) {
        auto const bytes = find_small(c, d, access::any);
        if (!bytes)
            return bytes.error();
        return *bytes ? **bytes : std::string();
    }
    auto fd = c.folder->open_blob(d, access::any);
    if (!fd)
        return fd.error();
    if (!*fd)
        return std::string();
    std::string bytes((*row)->info.size, '\0');
    auto const n = blob_file(*std::move(*fd), bytes.size()).read(0, std::as_writable_bytes(std::span(bytes)));
    if (!n)
        return n.error();
    bytes.resize(*n);
    return bytes;
}

result<std::optional<oci::digest>> subject_of(core const& c, oci::digest const& d, std::string const& media_type) {
    using subject = std::optional<oci::digest>;
    auto const bytes = read_manifest(c, d);
    if (!bytes)
        return bytes.error();
    auto const parsed = oci::parse_pushed_manifest(*bytes, media_type);
    return parsed && parsed->subject ? subject(parsed->subject->digest) : subject();
}

std::vector<std::string> tag_keys(repository_name const& repo, std::vector<oci::tag> const& tags) {
    std::vector<std::string> keys;
    keys.reserve(tags.size());
    for (auto const& t : tags)
        keys.emplace_back(tag_key(repo, t.name()).view());
    return keys;
}

namespace {

constexpr std::size_t names_max = write_locks::separately_max; // held at a time, if one manifest has not more

struct listed_manifest {
    oci::digest digest;
    std::optional<oci::digest> subject;
};

// Takes manifests out of one repository, as many at a time as have few names. The tags of the repository are read once
// for all of them, and again if one was made since.
class unlisting {
public:
    unlisting(core& c, repository_name const& repo) : core_(c), repo_(repo) {}

    // How many the repository showed.
    result<std::size_t> run(std::span<oci::digest const> manifests, write_sync sync);

private:
    using some = std::span<listed_manifest const>;
    result<void> find(std::span<oci::digest const> manifests);
    result<void> look_for_tags();
    std::size_t names_of(listed_manifest const& m) const;
    std::vector<std::string> keys_of(some of) const;
    result<std::size_t> take_out_all(write_sync sync);
    result<std::size_t> take_out(some now, write_sync sync);
    result<std::size_t> erase(some now, write_sync sync);
    void outdate_lookups() noexcept;

    core& core_;
    repository_name const& repo_;
    std::vector<listed_manifest> listed_;
    std::unordered_map<oci::digest, std::vector<oci::tag>> tags_; // of each; as of the next
    std::uint64_t generation_ = 0;
};

result<void> unlisting::find(std::span<oci::digest const> manifests) {
    for (auto const& d : manifests) {
        auto const known = find_link_row(core_, repo_, d, access::any);
        if (!known)
            return known.error();
        if (!*known || (*known)->kind != object_kind::manifest)
            continue;
        auto const subject = subject_of(core_, d, (*known)->media_type);
        if (!subject)
            return subject.error();
        listed_.push_back({d, *subject});
        tags_[d] = {};
    }
    return {};
}

result<void> unlisting::look_for_tags() {
    generation_ = core_.generation.load(std::memory_order_acquire);
    for (auto& [d, tags] : tags_)
        tags.clear();
    auto const rows = core_.db->scan(family::tags);
    auto const first = tag_key(repo_, {});
    for (rows->Seek({first.view().data(), first.view().size()}); rows->Valid(); rows->Next()) {
        auto const key = split_repository(rows->key().ToStringView());
        if (!key || key->repo != repo_)
            break;
        auto const record = decode_tag(rows->value().ToStringView());
        auto t = oci::tag::parse(key->rest);
        auto const of = t && record ? tags_.find(record->digest) : tags_.end();
        if (of != tags_.end())
            of->second.push_back(*std::move(t));
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the tags");
    return {};
}

std::size_t unlisting::names_of(listed_manifest const& m) const {
    return 1 + tags_.at(m.digest).size();
}

std::vector<std::string> unlisting::keys_of(some of) const {
    std::vector<std::string> keys;
    for (auto const& m : of) {
        auto of_one = tag_keys(repo_, tags_.at(m.digest));
        keys.insert(keys.end(), std::make_move_iterator(of_one.begin()), std::make_move_iterator(of_one.end()));
    }
    std::sort(keys.begin(), keys.end());
    return keys;
}

result<std::size_t> unlisting::run(std::span<oci::digest const> manifests, write_sync sync) {
    if (auto found = find(manifests); !found)
        return found.error();
    if (listed_.empty())
        return std::size_t{0};
    if (auto looked = look_for_tags(); !looked)
        return looked.error();
    return take_out_all(sync);
}

result<std::size_t> unlisting::take_out_all(write_sync sync) {
    std::size_t done = 0;
    for (some rest = listed_; !rest.empty();) {
        std::size_t n = 1;
        for (auto names = names_of(rest[0]); n < rest.size(); ++n)
            if (names += names_of(rest[n]); names > names_max)
                break;
        auto const out = take_out(rest.first(n), sync);
        if (!out)
            return out.error();
        done += *out;
        rest = rest.subspan(n);
    }
    return done;
}

// Whoever makes a tag mean a manifest holds the lock of both, and outdates lookups before he lets go: so nobody does it
// unseen, once those locks are held here. Until they are, somebody may; who goes on and on is not waited for.
result<std::size_t> unlisting::take_out(some now, write_sync sync) {
    constexpr int attempts_max = 3;
    std::vector<oci::digest> digests;
    for (auto const& m : now)
        digests.push_back(m.digest);
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        auto const keys = keys_of(now);
        auto const lock = core_.locks.hold(digests, keys);
        if (generation_ == core_.generation.load(std::memory_order_acquire))
            return erase(now, sync);
        if (auto looked = look_for_tags(); !looked)
            return looked.error();
        auto const after = keys_of(now);
        if (std::includes(keys.begin(), keys.end(), after.begin(), after.end()))
            return erase(now, sync);
    }
    auto const lock = core_.locks.hold_all();
    if (auto looked = look_for_tags(); !looked)
        return looked.error();
    return erase(now, sync);
}

// Our own change is none for which the tags have to be read again.
void unlisting::outdate_lookups() noexcept {
    auto known = generation_;
    if (core_.generation.compare_exchange_strong(known, known + 1, std::memory_order_acq_rel))
        ++generation_;
    else
        core_.outdate_lookups();
}

// Under the locks of all their names.
result<std::size_t> unlisting::erase(some now, write_sync sync) {
    std::size_t done = 0;
    database::batch b(*core_.db);
    for (auto const& m : now) {
        auto const unlinked = stage_unlink(core_, b, repo_, m.digest);
        if (!unlinked)
            return unlinked.error();
        if (!*unlinked)
            continue;
        for (auto const& t : tags_.at(m.digest))
            b.erase(family::tags, tag_key(repo_, t.name()));
        if (m.subject)
            b.erase(family::referrers, referrer_key(repo_, *m.subject, m.digest));
        ++done;
    }
    if (b.empty())
        return done;
    auto const written = core_.write(b, sync, removal_margin_bytes);
    outdate_lookups();
    for (auto const& m : now)
        core_.residents->facts_changed(m.digest);
    if (!written)
        return written.error();
    return done;
}

} // namespace

result<std::size_t> unlist_manifests(core& c, repository_name const& repo, std::span<oci::digest const> manifests) {
    return unlisting(c, repo).run(manifests, write_sync::yes);
}

result<bool> unlist_manifest(core& c, repository_name const& repo, oci::digest const& d) {
    oci::digest const one[] = {d};
    auto const done = unlist_manifests(c, repo, one);
    if (!done)
        return done.error();
    return *done > 0;
}

namespace {

// Of `d` and all that lead to it: what was pushed, by the repositories that hold it.
result<std::map<repository_name, std::vector<oci::digest>>> pushed_ancestors(core const& c, oci::digest const& d) {
    std::map<repository_name, std::vector<oci::digest>> in;
    std::vector<oci::digest> todo{d};
    std::unordered_set<oci::digest> seen{d};
    for (std::size_t i = 0; i < todo.size(); ++i) {
        auto const row = find_object(c, todo[i], access::any);
        if (!row)
            return row.error();
        if (*row && (*row)->info.origin == object_origin::push) {
            auto const holders = holders_of(c, todo[i]);
            if (!holders)
                return holders.error();
            for (auto const& repo : *holders)
                in[repo].push_back(todo[i]);
        }
        auto const parents = parents_of(c, todo[i]);
        if (!parents)
            return parents.error();
        for (auto const& p : *parents)
            if (seen.insert(p).second)
                todo.push_back(p);
    }
    return in;
}

} // namespace

result<void> unlist_images_of(core& c, oci::digest const& d) {
    auto const in = pushed_ancestors(c, d);
    if (!in)
        return in.error();
    for (auto const& [repo, manifests] : *in) {
        auto const unlisted = unlisting(c, repo).run(manifests, write_sync::no);
        if (!unlisted)
            return unlisted.error();
    }
    return c.db->sync(); // also what an earlier attempt has taken out before it failed
}

} // namespace store
