#include "proxy/admin/management.h"

#include "proxy/admin/command.h"
#include "proxy/pull/named_image.h"

#include <boost/json/array.hpp>
#include <spdlog/spdlog.h>

#include <unordered_set>
#include <vector>

namespace proxy {

namespace {

namespace json = boost::json;

// "dry_run" of the query, or of the body. What cannot be understood must not remove anything.
result<bool> is_dry(admin_request const& r) {
    auto const body = body_of(r);
    if (!body)
        return body.error();
    if (auto const given = r.query.find("dry_run"))
        return *given != "0" && *given != "false";
    auto const* said = body->if_contains("dry_run");
    if (said && !said->is_bool())
        return bad_request("dry_run must be true or false");
    return said && said->get_bool();
}

} // namespace

std::string management::image::name() const {
    return image_name(repository, reference);
}

std::optional<admin_response> management::handle(admin_request const& r) const {
    bool const get = r.method == "GET" || r.method == "HEAD";
    if (r.path == "/api/v1/gc")
        return get ? collection_state() : collect(r);
    if (r.path == "/api/v1/pins" && get)
        return pins();
    bool const known = r.path == "/api/v1/pin" || r.path == "/api/v1/unpin" || r.path == "/api/v1/purge";
    if (!known)
        return std::nullopt;
    if (r.method != "POST")
        return wrong_method("POST");
    if (r.path == "/api/v1/purge")
        return purge(r);
    auto const named = image_of(r);
    if (!named)
        return failed(named.error());
    return r.path == "/api/v1/pin" ? pin(*named) : unpin(*named);
}

result<management::image> management::image_of(admin_request const& r) const {
    auto const text = image_text(r);
    if (!text)
        return text.error();
    auto named = find_image(upstreams_, *text);
    if (!named)
        return named.error();
    return image{named->target.name, named->reference};
}

admin_response management::collect(admin_request const& r) const {
    if (r.method != "POST")
        return wrong_method("GET, HEAD, POST");
    auto const dry = is_dry(r);
    if (!dry)
        return failed(dry.error());
    auto const report = gc_.run(*dry);
    if (!report)
        return admin_problem(409, "a collection is under way already: try again when it is done");
    if (!report->error.empty())
        return admin_problem(500, report->error);
    return document(to_json(*report));
}

admin_response management::collection_state() const {
    return document(collection());
}

admin_response management::pins() const {
    auto const all = content_.index().pins();
    if (!all)
        return admin_problem(500, all.error().message);
    json::array list;
    for (auto const& p : *all) {
        auto const reference = oci::parse_reference(p.reference);
        auto const name = reference ? image{p.repo, *reference}.name() : p.repo + ":" + p.reference;
        list.push_back({{"image", name}, {"pinned_at", p.pinned_at}});
    }
    return document({{"pins", std::move(list)}});
}

admin_response management::pin(image const& i) const {
    auto const done = content_.index().put_pin(i.repository, i.reference);
    if (!done)
        return admin_problem(500, done.error().message);
    spdlog::info("pinned {}", i.name());
    auto const manifest = manifest_of(i);
    bool stored = false;
    if (manifest) {
        auto const found = content_.find(*manifest);
        stored = found && *found;
    }
    return document({{"pinned", i.name()}, {"stored", stored}});
}

admin_response management::unpin(image const& i) const {
    auto const was = content_.index().remove_pin(i.repository, i.reference);
    if (!was)
        return admin_problem(500, was.error().message);
    if (!*was)
        return admin_problem(404, i.name() + " is not pinned");
    spdlog::info("unpinned {}", i.name());
    return document({{"unpinned", i.name()}});
}

// What the image means here, as far as it is known.
std::optional<oci::digest> management::manifest_of(image const& i) const {
    if (auto const* d = std::get_if<oci::digest>(&i.reference)) {
        auto const link = content_.index().find_link(i.repository, *d);
        return link && *link ? std::optional(*d) : std::nullopt;
    }
    auto const known = content_.index().find_tag(i.repository, std::get<oci::tag>(i.reference));
    return known && *known ? std::optional((*known)->digest) : std::nullopt;
}

// Whether `d` is `root` or something below it. Each manifest is looked into once: pushed indexes may name each other in
// any number of ways.
bool management::is_part_of(oci::digest const& d, oci::digest const& root) const {
    std::vector<oci::digest> left{root};
    std::unordered_set<oci::digest> seen{root};
    while (!left.empty()) {
        auto const next = left.back();
        left.pop_back();
        if (next == d)
            return true;
        auto const children = content_.index().children(next);
        if (!children)
            return true; // cannot be known: then better so
        for (auto const& c : *children)
            if (seen.insert(c.digest).second)
                left.push_back(c.digest);
    }
    return false;
}

// A pin of the same repository that the image is part of: the same content by another name, or one of its platforms.
std::optional<std::string> management::pin_of(image const& i, oci::digest const& manifest) const {
    auto const all = content_.index().pins();
    if (!all)
        return i.name(); // cannot be known: then better so
    for (auto const& p : *all) {
        if (p.repo != i.repository)
            continue;
        auto const reference = oci::parse_reference(p.reference);
        if (!reference)
            continue;
        image const pinned{p.repo, *reference};
        auto const root = manifest_of(pinned);
        if (root && is_part_of(manifest, *root))
            return pinned.name();
    }
    return std::nullopt;
}

admin_response management::purge_digest(oci::digest const& d) const {
    auto const known = content_.find(d);
    if (!known)
        return admin_problem(500, known.error().message);
    if (!*known)
        return admin_problem(404, d.to_string() + " is not stored here");
    auto const report = content_.purge({d});
    spdlog::info("purge of {}: {}", d.to_string(), summary(report));
    auto answer = to_json(report);
    answer["purged"] = d.to_string();
    return document(answer);
}

admin_response management::purge(admin_request const& r) const {
    auto const text = image_text(r);
    if (!text)
        return failed(text.error());
    if (auto const d = oci::digest::parse(*text))
        return purge_digest(*d);
    auto const named = image_of(r);
    if (!named)
        return failed(named.error());
    auto const manifest = manifest_of(*named);
    if (!manifest)
        return admin_problem(404, named->name() + " is not stored here");
    if (auto const pinned = pin_of(*named, *manifest)) {
        auto const which = *pinned == named->name() ? "is pinned" : "is pinned as " + *pinned;
        return admin_problem(409, named->name() + " " + which + ": unpin it first");
    }
    auto const report = content_.purge_image(named->repository, named->reference);
    if (!report)
        return admin_problem(500, report.error().message);
    spdlog::info("purge of {}: {}", named->name(), summary(*report));
    auto answer = to_json(*report);
    answer["purged"] = named->name();
    return document(answer);
}

} // namespace proxy
