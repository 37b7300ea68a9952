#include "store/hosted/collection.h"

#include "store/eviction/image_graph.h"
#include "store/hosted/unlisting.h"
#include "store/index_codec.h"
#include "store/link_table.h"
#include "store/object_table.h"

#include <algorithm>

namespace store {
namespace {

constexpr std::size_t page = 1000; // of names, read at once

int turn_of(link const& l) {
    if (l.kind != object_kind::manifest)
        return 2;
    return oci::classify_manifest(l.media_type) == oci::manifest_kind::index ? 0 : 1;
}

} // namespace

gc_report hosted_collection::run() {
    gc_report report;
    report.dry_run = request_.dry_run;
    core_.residents->take_in_touches();
    for (auto const& prefix : rules_.prefixes) {
        if (auto collected = collect_below(prefix); !collected) {
            report.error = collected.error().message;
            return report;
        }
    }
    if (auto released = release_content(report); !released)
        report.error = released.error().message;
    if (!request_.dry_run)
        core_.relied.forget_before(now_ - std::max(rules_.grace.count(), reliance::a_push), notes_before_);
    return report;
}

result<void> hosted_collection::collect_below(std::string const& prefix) {
    auto const below = prefix + "/";
    for (auto after = below;;) {
        auto const repos = content_.index().repositories(after, page);
        if (!repos)
            return repos.error();
        for (auto const& repo : *repos) {
            if (!repo.starts_with(below) || request_.stop.stop_requested())
                return {};
            if (auto swept = sweep(repo); !swept)
                return swept;
        }
        if (repos->size() < page)
            return {};
        after = repos->back();
    }
}

result<std::vector<hosted_collection::linked>> hosted_collection::links_of(repository_name const& repo) const {
    std::vector<linked> links;
    auto const first = tag_key(repo, {});
    auto const rows = core_.db->scan(family::links);
    for (rows->Seek({first.view().data(), first.view().size()}); rows->Valid(); rows->Next()) {
        auto const key = rows->key().ToStringView();
        if (!key.starts_with(first.view()))
            break;
        auto const d = decode_digest_key(key.substr(first.view().size()));
        auto l = decode_link(rows->value().ToStringView());
        if (d && l)
            links.push_back({*d, *std::move(l)});
    }
    if (!rows->status().ok())
        return error_of_status(rows->status(), "cannot read the links");
    return links;
}

// Used, pushed or relied on within the grace time: by whatever repository, which errs on the safe side.
bool hosted_collection::is_recent(linked const& l) const {
    auto const oldest = now_ - rules_.grace.count();
    return l.what.linked_at > oldest || core_.residents->last_used(l.digest) > oldest ||
           core_.relied.since(l.digest, oldest);
}

result<std::vector<oci::digest>> hosted_collection::roots(repository_name const& repo,
                                                          std::vector<linked> const& links) const {
    std::vector<oci::digest> found;
    auto const& index = content_.index();
    for (std::string after;;) {
        auto const names = index.tags(repo, after, page);
        if (!names)
            return names.error();
        for (auto const& name : *names) {
            auto const tag = oci::tag::parse(name);
            auto const record = tag ? index.find_tag(repo, *tag) : result<std::optional<tag_record>>(std::nullopt);
            if (!record)
                return record.error();
            if (*record)
                found.push_back((*record)->digest);
        }
        if (names->size() < page)
            break;
        after = names->back();
    }
    auto const pins = index.pins();
    if (!pins)
        return pins.error();
    for (auto const& p : *pins)
        if (auto const d = oci::digest::parse(p.reference); p.repo == repo && d)
            found.push_back(*d);
    for (auto const& l : links)
        if (is_recent(l))
            found.push_back(l.digest);
    return found;
}

// Manifests may name what is not here, as much as they like: what nothing here follows from is not remembered.
result<bool> hosted_collection::matters(repository_name const& repo, oci::digest const& named) const {
    if (here_.contains(named))
        return true;
    rocksdb::PinnableSlice value;
    auto const names_others = core_.db->get(family::children, digest_key(named), access::any, value);
    if (!names_others || *names_others)
        return names_others;
    auto const referrers = referrers_of(core_, repo, named);
    if (!referrers)
        return referrers.error();
    return !referrers->empty();
}

// What stays in the repository because `d` does.
result<std::vector<oci::digest>> hosted_collection::led_to(repository_name const& repo, oci::digest const& d) const {
    auto const found = here_.find(d);
    auto const kind = found == here_.end() ? object_kind::unknown : found->second->kind;
    if (kind != object_kind::manifest && kind != object_kind::unknown)
        return std::vector<oci::digest>(); // blobs lead nowhere
    std::vector<oci::digest> all;
    auto const children = children_of(core_, d);
    if (!children)
        return children.error();
    for (auto const& child : *children) {
        auto const follow = matters(repo, child);
        if (!follow)
            return follow.error();
        if (*follow)
            all.push_back(child);
    }
    auto const referrers = referrers_of(core_, repo, d);
    if (!referrers)
        return referrers.error();
    all.insert(all.end(), referrers->begin(), referrers->end());
    if (kind != object_kind::manifest)
        return all;
    auto const subject = subject_of(core_, d, found->second->media_type);
    if (!subject)
        return subject.error();
    if (*subject)
        all.push_back(**subject);
    return all;
}

// Adds `todo` and all that it leads to; or less if the run is to stop: then nothing may go.
result<void> hosted_collection::follow(repository_name const& repo, std::vector<oci::digest> todo,
                                       digest_set& to) const {
    while (!todo.empty() && !request_.stop.stop_requested()) {
        auto const d = todo.back();
        todo.pop_back();
        if (!to.insert(d).second)
            continue;
        auto const next = led_to(repo, d);
        if (!next)
            return next.error();
        todo.insert(todo.end(), next->begin(), next->end());
    }
    return {};
}

// What names others goes before them: who asks for it in between is told that it is gone, or it stays with its parts.
result<void> hosted_collection::sweep(repository_name const& repo) {
    auto const links = links_of(repo);
    if (!links)
        return links.error();
    here_.clear();
    for (auto const& l : *links)
        here_.emplace(l.digest, &l.what);
    auto live_roots = roots(repo, *links);
    if (!live_roots)
        return live_roots.error();
    digest_set live;
    if (auto marked = follow(repo, *std::move(live_roots), live); !marked)
        return marked;
    kept_.clear();
    notes_seen_ = notes_before_;
    std::vector<linked const*> dead;
    for (auto const& l : *links)
        if (!live.contains(l.digest))
            dead.push_back(&l);
    std::stable_sort(dead.begin(), dead.end(),
                     [](auto const* a, auto const* b) { return turn_of(a->what) < turn_of(b->what); });
    for (auto const* l : dead) {
        if (request_.stop.stop_requested())
            return {};
        if (auto done = unlink(repo, *l); !done)
            return done;
    }
    return {};
}

// Whether somebody was told of it since the run began, or of what leads to it here: of what the repository does not
// show nobody is told. What is new since the last time is followed once, so that all of it costs what marking does.
result<bool> hosted_collection::is_counted_on(repository_name const& repo, oci::digest const& d) {
    if (auto const notes = core_.relied.notes(); notes != notes_seen_) {
        auto noted = core_.relied.noted_after(notes_before_);
        if (!noted)
            return true; // anything may have been
        std::erase_if(*noted, [&](oci::digest const& each) { return !here_.contains(each); });
        if (auto followed = follow(repo, *std::move(noted), kept_); !followed)
            return followed.error();
        if (request_.stop.stop_requested())
            return true; // it may lead to more
        notes_seen_ = notes;
    }
    return kept_.contains(d);
}

// Whoever noted that he relies on it before this looks is seen here; whoever does it later has found the link, or did
// not.
result<void> hosted_collection::unlink(repository_name const& repo, linked const& l) {
    if (request_.dry_run) {
        ++unlinked_[l.digest];
        return {};
    }
    auto const subject = l.what.kind == object_kind::manifest ? subject_of(core_, l.digest, l.what.media_type)
                                                              : result<std::optional<oci::digest>>(std::nullopt);
    if (!subject)
        return subject.error();
    auto const lock = core_.locks.hold(l.digest);
    auto const wanted = is_counted_on(repo, l.digest);
    if (!wanted)
        return wanted.error();
    if (*wanted)
        return {};
    database::batch b(*core_.db);
    database::batch back(*core_.db);
    auto const unlinked = stage_unlink(core_, b, repo, l.digest);
    if (!unlinked)
        return unlinked.error();
    if (!*unlinked)
        return {};
    if (*subject) {
        auto const key = referrer_key(repo, **subject, l.digest);
        rocksdb::PinnableSlice value;
        auto const found = core_.db->get(family::referrers, key, access::any, value);
        if (!found)
            return found.error();
        if (*found)
            back.put(family::referrers, key, value.ToStringView());
        b.erase(family::referrers, key);
    }
    if (auto written = core_.write(b, write_sync::no, removal_margin_bytes); !written)
        return written;
    core_.outdate_lookups();
    auto const wanted_now = is_counted_on(repo, l.digest);
    if (wanted_now && !*wanted_now) {
        ++unlinked_[l.digest];
        return {};
    }
    if (auto staged = stage_link(core_, back, repo, l.digest, l.what); !staged)
        return staged;
    // As far as the removal went this has to go too.
    if (auto written = core_.write(back, write_sync::no, removal_margin_bytes); !written)
        return written;
    return wanted_now ? result<void>() : wanted_now.error();
}

// Pushed content that no hosted repository shows.
result<void> hosted_collection::release_content(gc_report& report) {
    std::vector<oci::digest> garbage;
    for (auto const& d : core_.residents->pushed()) {
        if (request_.stop.stop_requested())
            return {};
        auto const holders = holders_of(core_, d);
        if (!holders)
            return holders.error();
        auto const planned = unlinked_.find(d);
        auto const leaving = request_.dry_run && planned != unlinked_.end() ? planned->second : 0;
        auto const mirrored = static_cast<std::size_t>(
            std::count_if(holders->begin(), holders->end(), [&](auto const& h) { return rules_.is_mirrored(h); }));
        if (holders->size() > mirrored + leaving)
            continue;
        if (mirrored == 0)
            garbage.push_back(d);
        else if (auto done = request_.dry_run ? result<bool>(true) : demote(d); !done)
            return done.error();
    }
    auto freed = core_.residents->remove_garbage(garbage, request_);
    freed.dry_run = request_.dry_run;
    report = std::move(freed);
    return {};
}

// A mirrored repository shows it still: it can be fetched again, and is evicted like what was.
result<bool> hosted_collection::demote(oci::digest const& d) {
    auto const lock = core_.locks.hold(d);
    if (core_.relied.after(d, notes_before_))
        return false;
    auto const holders = holders_of(core_, d);
    if (!holders)
        return holders.error();
    if (holders->empty() ||
        !std::all_of(holders->begin(), holders->end(), [&](auto const& h) { return rules_.is_mirrored(h); }))
        return false;
    auto row = find_object(core_, d, access::any);
    if (!row)
        return row.error();
    if (!*row)
        return false;
    (*row)->info.origin = object_origin::pull;
    if (auto written = update_object(core_, d, **row, write_sync::no); !written)
        return written.error();
    return true;
}

} // namespace store
