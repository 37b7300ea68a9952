#include "store/hosted/hosted_repositories.h"

#include "store/eviction/image_graph.h"
#include "store/hosted/collection.h"
#include "store/hosted/unlisting.h"
#include "store/index_codec.h"
#include "store/link_table.h"
#include "store/object_table.h"
#include "store/pins.h"

#include <algorithm>

namespace store {
namespace {

constexpr std::string_view clean_stop = "hosted: stopped cleanly";
constexpr std::size_t referrers_bytes_max = std::size_t{4} << 20; // read at once, and the last of them

// Another repository shows it too, and not as a part of a build cache: of an image that is still under way, perhaps.
result<bool> is_more_elsewhere(core const& c, repository_name const& repo, oci::digest const& d) {
    auto const other = holder_of(c, d, [&](repository_name const& holder) {
        if (holder == repo)
            return false;
        auto const there = find_link_row(c, holder, d, access::any);
        return !there || !*there || (*there)->kind != object_kind::cache_blob;
    });
    if (!other)
        return other.error();
    return other->has_value();
}

// Pulled content may not have been synced: what a client relies on must be. False if it is gone. Under the digest's
// lock.
result<bool> make_durable(core const& c, oci::digest const& d, object_row& row) {
    if (row.epoch == 0 || row.info.place == object_place::row) {
        row.epoch = 0;
        return true;
    }
    auto const file = c.folder->open_blob(d, access::any);
    if (!file)
        return file.error();
    if (!*file)
        return false;
    if (c.folder->files().sync_data((*file)->get()) == -1)
        return error_of_errno(errno, "cannot sync " + d.to_string());
    if (auto synced = c.folder->sync_name(d); !synced)
        return synced.error();
    row.epoch = 0;
    return true;
}

// An image's layer is that also where a build cache has it too, here or in another repository.
result<object_kind> kind_beside(core const& c, repository_name const& repo, oci::digest const& d, object_kind known,
                                object_kind said) {
    auto const settled = settled_kind(known, said);
    if (settled == known || said != object_kind::cache_blob) // which is protected less than what nobody described
        return settled;
    auto const more = is_more_elsewhere(c, repo, d);
    if (!more)
        return more.error();
    return *more ? known : settled;
}

// What was not said of content when it was pushed: only the manifest that names it knows. And if it was never pushed,
// because a mirrored repository had it when the client asked, it is from now on, or the image would lose it.
result<void> stage_child(core const& c, database::batch& b, repository_name const& repo, oci::descriptor const& child,
                         object_kind kind, std::vector<std::pair<oci::digest, object>>& described) {
    auto const known = find_link_row(c, repo, child.digest, access::any);
    if (!known)
        return known.error();
    if (!*known)
        return {}; // not of this repository, whatever the manifest says
    auto const row = find_object(c, child.digest, access::any);
    if (!row)
        return row.error();
    auto now = **known;
    if (now.kind == object_kind::unknown || now.kind == object_kind::cache_blob) {
        now.kind = kind;
        now.media_type = child.media_type;
    }
    if (auto staged = stage_link(c, b, repo, child.digest, now); !staged)
        return staged;
    if (!*row)
        return {};
    auto named = **row;
    auto const settled = kind_beside(c, repo, child.digest, named.info.kind, now.kind);
    if (!settled)
        return settled.error();
    named.info.kind = *settled;
    // What a crash may have spoiled and nobody has looked at since stays what it was: see rely_on_children.
    bool const sound = !is_suspect(c.opened_as, named.epoch);
    if (named.info.origin != object_origin::push && sound) {
        auto const durable = make_durable(c, child.digest, named);
        if (!durable)
            return durable.error();
        if (*durable)
            named.info.origin = object_origin::push;
    }
    if (encode(named) == encode(**row))
        return {};
    b.put(family::objects, digest_key(child.digest), encode(named));
    described.emplace_back(child.digest, named.info);
    return {};
}

// The manifest and the distinct children that may be here.
std::vector<oci::descriptor> children_once(oci::digest const& d, oci::manifest const& m) {
    std::vector<oci::descriptor> all;
    for (auto const& child : m.children)
        if (!child.foreign && child.digest != d)
            all.push_back(child);
    auto const by_digest = [](auto const& a, auto const& b) { return a.digest < b.digest; };
    auto const same = [](auto const& a, auto const& b) { return a.digest == b.digest; };
    std::stable_sort(all.begin(), all.end(), by_digest);
    all.erase(std::unique(all.begin(), all.end(), same), all.end());
    return all;
}

} // namespace

bool hosted_rules::is_mirrored(repository_name const& repo) const {
    return std::any_of(upstreams.begin(), upstreams.end(), [&](std::string const& u) {
        return repo.size() > u.size() && repo.starts_with(u) && repo[u.size()] == '/';
    });
}

hosted_repositories::hosted_repositories(content_store& content)
    : content_(content), core_(content.internals()), quota_(*core_), unsettled_(*core_), tags_(*core_),
      uploads_(core_, unsettled_) {
    auto const clean = content_.index().find_value(clean_stop);
    if (clean && *clean)
        (void)content_.index().remove_value(clean_stop); // or the next crash is taken for a clean stop
    else
        started_unclean_ = core_->sums.objects() > 0;
    started_at_ = core_->now();
}

void hosted_repositories::set_rules(hosted_rules rules) {
    quota_.set_limit(rules.max_used_space);
    unsettled_.set_limit(rules.max_used_space);
    core_->residents->set_push_time(rules.grace);
    std::lock_guard const lock(mutex_);
    rules_ = std::move(rules);
}

bool hosted_repositories::is_mirrored(repository_name const& repo) const {
    std::lock_guard const lock(mutex_);
    return rules_.is_mirrored(repo);
}

result<void> hosted_repositories::note_clean_stop() {
    return content_.index().put_value(clean_stop, "1");
}

gc_report hosted_repositories::collect(gc_request const& request) {
    hosted_rules rules;
    {
        std::lock_guard const lock(mutex_);
        rules = rules_;
    }
    if (started_unclean_ && core_->now() < started_at_ + rules.grace.count())
        return {.dry_run = request.dry_run, .items = {}, .by_reason = {}, .kept_in_use = 0, .error = {}};
    hosted_collection run(content_, *core_, rules, request);
    auto report = run.run();
    if (!request.dry_run)
        unsettled_.note_collected();
    return report;
}

result<incoming_blob> hosted_repositories::begin_blob(repository_name const& repo, oci::algorithm a,
                                                      std::optional<std::uint64_t> size) {
    auto share = unsettled_.begin(repo, 0);
    auto const promised = size.value_or(0);
    if (auto room = unsettled_.extend(share, promised); !room)
        return room.error();
    auto writer = content_.begin(a, size);
    if (!writer)
        return writer.error();
    return incoming_blob(*std::move(writer), unsettled_, std::move(share), promised);
}

result<void> incoming_blob::append(std::span<std::byte const> data) {
    auto const ahead = std::min<std::uint64_t>(promised_, data.size());
    promised_ -= ahead;
    if (auto room = bound_->extend(share_, data.size() - ahead); !room)
        return room;
    return writer_.append(data);
}

result<void> hosted_repositories::put_blob(repository_name const& repo, incoming_blob& blob,
                                           oci::digest const& expected) {
    auto done = put_blob(repo, blob.writer_, expected);
    blob.share_.give_back();
    return done;
}

// The link before the content: as long as that is not here it shows nothing, and the sync that makes the content last
// takes it along.
result<void> hosted_repositories::put_blob(repository_name const& repo, blob_writer& writer,
                                           oci::digest const& expected) {
    auto const actual = writer.finish();
    if (actual != expected)
        return error{errc::digest_mismatch, "expected " + expected.to_string() + ", got " + actual.to_string()};
    if (auto linked = link_blob(repo, expected, writer.written()); !linked)
        return linked;
    auto stored = writer.commit(expected, {object_kind::unknown, object_origin::push, {}});
    if (!stored)
        return stored.error();
    content_.touch(expected);
    return {};
}

result<void> hosted_repositories::put_small_blob(repository_name const& repo, oci::digest const& d,
                                                 std::string_view bytes) {
    if (oci::digest::of(bytes, d.algo()) != d)
        return error{errc::digest_mismatch, "the content is not " + d.to_string()};
    if (auto linked = link_blob(repo, d, bytes.size()); !linked)
        return linked;
    auto stored = content_.put(d, bytes, {object_kind::unknown, object_origin::push, {}});
    if (!stored)
        return stored.error();
    content_.touch(d);
    return {};
}

result<void> hosted_repositories::link_blob(repository_name const& repo, oci::digest const& d, std::uint64_t size) {
    if (auto allowed = unsettled_.check(repo); !allowed)
        return allowed;
    if (auto allowed = quota_.take(repo, d, size); !allowed)
        return allowed;
    rely_on(d);
    auto linked = content_.index().put_link(repo, d, {size, {}, object_kind::unknown, core_->now()});
    unsettled_.note_shown(repo, d);
    return linked;
}

result<bool> hosted_repositories::mount(repository_name const& repo, oci::digest const& d,
                                        repository_name const* from) {
    auto const held = from ? content_.index().find_link(*from, d) : result<std::optional<link>>(std::nullopt);
    if (!held)
        return held.error();
    if (from && !*held)
        return false;
    if (!from) {
        auto const holders = content_.index().holders(d);
        if (!holders)
            return holders.error();
        if (holders->empty())
            return false;
    }
    rely_on(d); // before the content is looked for, and not of digests that somebody made up
    auto const open = content_.open_blob(d); // checks what a crash may have spoiled, and keeps it from being evicted
    if (!open)
        return open.error();
    if (!*open)
        return false;
    if (auto allowed = quota_.take(repo, d, (*open)->info.size); !allowed)
        return allowed.error();

    auto const lock = core_->locks.hold(d);
    auto const found = find_object(*core_, d, access::any);
    if (!found)
        return found.error();
    if (!*found)
        return false;
    auto row = **found;
    row.info.origin = object_origin::push;
    auto const durable = make_durable(*core_, d, row);
    if (!durable || !*durable)
        return durable;
    database::batch b(*core_->db);
    b.put(family::objects, digest_key(d), encode(row));
    link const l{row.info.size, {}, object_kind::unknown, core_->now()};
    if (auto staged = stage_link(*core_, b, repo, d, l); !staged)
        return staged.error();
    if (auto written = core_->write(b, write_sync::yes); !written)
        return written.error();
    core_->residents->described(d, row.info);
    unsettled_.note_shown(repo, d);
    return true;
}

// What the repository does not show cannot be counted on, and who only names it keeps nothing of it. What it shows is
// looked up again, for good, when the manifest is linked: a link that a collection removes in between was gone before
// the push, or is put back.
result<void> hosted_repositories::rely_on_children(repository_name const& repo, oci::manifest const& m) {
    for (auto const& child : m.children) {
        auto const shown = find_link_row(*core_, repo, child.digest, access::any);
        if (!shown)
            return shown.error();
        if (!*shown)
            continue;
        rely_on(child.digest);
        auto const row = find_object(*core_, child.digest, access::any);
        if (!row)
            return row.error();
        if (!*row || (*row)->info.origin == object_origin::push)
            continue;
        // What is about to become pushed content is first checked for what a crash may have spoiled.
        if (auto const open = content_.open_blob(child.digest); !open)
            return open.error();
    }
    return {};
}

// The bytes become visible with the second batch, under all their names at once.
result<void> hosted_repositories::put_manifest(repository_name const& repo, pushed_manifest const& m) {
    auto const& c = *core_;
    if (auto allowed = unsettled_.check(repo); !allowed)
        return allowed;
    if (auto allowed = tags_.take(repo, m.tags); !allowed)
        return allowed;
    if (auto allowed = quota_.take(repo, m.digest, m.bytes.size()); !allowed)
        return allowed;
    rely_on(m.digest);
    if (auto noted = rely_on_children(repo, m.parsed); !noted)
        return noted;
    auto put = content_.put(m.digest, m.bytes, {object_kind::manifest, object_origin::push, m.parsed.media_type});
    if (!put)
        return put.error();
    auto const children = children_once(m.digest, m.parsed);
    std::vector<oci::digest> digests{m.digest};
    for (auto const& child : children)
        digests.push_back(child.digest);

    std::vector<std::pair<oci::digest, object>> described;
    {
        auto const lock = core_->locks.hold(digests, tag_keys(repo, m.tags));
        database::batch b(*c.db);
        link const own{m.bytes.size(), m.parsed.media_type, object_kind::manifest, c.now()};
        if (auto staged = stage_link(c, b, repo, m.digest, own); !staged)
            return staged;
        for (auto const& child : children) {
            auto const kind = kind_of_child(m.parsed, child.role);
            if (auto staged = stage_child(c, b, repo, child, kind, described); !staged)
                return staged;
        }
        if (auto staged = stage_children(c, b, m.digest, m.parsed); !staged)
            return staged;
        if (m.parsed.subject)
            b.put(family::referrers, referrer_key(repo, m.parsed.subject->digest, m.digest),
                  encode(referrer_record{m.parsed.artifact_type, m.descriptor}));
        for (auto const& t : m.tags)
            b.put(family::tags, tag_key(repo, t.name()), encode(tag_record{m.digest, c.now(), c.now()}));
        if (auto written = core_->write(b, write_sync::yes); !written)
            return written;
        // Under the locks, or what a push in between says would be overwritten with what is older.
        for (auto const& [d, info] : described)
            core_->residents->described(d, info);
        core_->residents->facts_changed(m.digest);
        if (!m.tags.empty())
            core_->outdate_lookups(); // also under the locks: unlisting.cpp tells by it whether a tag was made
    }
    content_.touch(m.digest);
    unsettled_.note_shown(repo, m.digest);
    return refresh_pins_of(*core_, repo);
}

result<bool> hosted_repositories::remove_tag(repository_name const& repo, oci::tag const& t) {
    auto const key = tag_key(repo, t.name());
    auto const lock = core_->locks.hold_key(key);
    auto const known = content_.index().find_tag(repo, t);
    if (!known)
        return known.error();
    if (!*known)
        return false;
    database::batch b(*core_->db);
    b.erase(family::tags, key);
    auto written = core_->write(b, write_sync::yes, removal_margin_bytes);
    core_->outdate_lookups();
    if (!written)
        return written.error();
    return true;
}

result<bool> hosted_repositories::remove_manifest(repository_name const& repo, oci::digest const& d) {
    auto const known = find_link_row(*core_, repo, d, access::any);
    if (!known)
        return known.error();
    auto const done = unlist_manifest(*core_, repo, d);
    if (done && *done && *known)
        unsettled_.note_deleted(repo, d, (*known)->size);
    return done;
}

result<bool> hosted_repositories::remove_blob(repository_name const& repo, oci::digest const& d) {
    auto const lock = core_->locks.hold(d);
    auto const known = find_link_row(*core_, repo, d, access::any);
    if (!known)
        return known.error();
    if (!*known || (*known)->kind == object_kind::manifest)
        return false;
    database::batch b(*core_->db);
    auto const unlinked = stage_unlink(*core_, b, repo, d);
    if (!unlinked || !*unlinked)
        return unlinked;
    auto written = core_->write(b, write_sync::yes, removal_margin_bytes);
    core_->outdate_lookups();
    core_->residents->facts_changed(d);
    if (!written)
        return written.error();
    unsettled_.note_deleted(repo, d, (*known)->size);
    return true;
}

result<bool> hosted_repositories::is_referrer(repository_name const& repo, oci::digest const& subject,
                                              oci::digest const& manifest) const {
    rocksdb::PinnableSlice value;
    return core_->db->get(family::referrers, referrer_key(repo, subject, manifest), access::any, value);
}

result<std::string> hosted_repositories::read_tagged(repository_name const& repo, oci::tag const& t) const {
    auto const known = content_.index().find_tag(repo, t);
    if (!known)
        return known.error();
    if (!*known)
        return std::string();
    return read_manifest(*core_, (*known)->digest);
}

result<std::vector<referrer>> hosted_repositories::referrers(repository_name const& repo, oci::digest const& subject,
                                                             std::optional<oci::digest> const& after,
                                                             std::size_t limit) const {
    std::vector<referrer> list;
    std::size_t bytes = 0;
    auto const more = [&] { return list.size() < limit && bytes < referrers_bytes_max; };
    auto const all = link_key(repo, subject);
    auto const rows = core_->db->scan(family::referrers);
    auto const first = after ? referrer_key(repo, subject, *after) : all;
    for (rows->Seek({first.view().data(), first.view().size()}); rows->Valid() && more(); rows->Next()) {
        auto const key = rows->key().ToStringView();
        if (!key.starts_with(all.view()))
            break;
        auto const manifest = decode_digest_key(key.substr(all.view().size()));
        auto record = decode_referrer(rows->value().ToStringView());
        if (!manifest || !record)
            return corrupt_row("a referrer");
        if (manifest == after)
            continue;
        bytes += rows->value().size();
        list.push_back({*manifest, std::move(record->artifact_type), std::move(record->descriptor)});
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the referrers");
    return list;
}

} // namespace store
