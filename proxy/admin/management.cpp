#include "proxy/admin/management.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace proxy {

namespace {

namespace json = boost::json;

admin_response document(json::object const& o, unsigned status = 200) {
    return {status, "application/json", json::serialize(o) + "\n"};
}

admin_response failed(error const& e) {
    return admin_problem(e.status, e.message);
}

// "image" of the body, or of the query.
std::string image_text(admin_request const& r) {
    if (auto const given = r.query.find("image"))
        return std::string(*given);
    boost::system::error_code ec;
    auto const body = json::parse(r.body, ec);
    if (ec || !body.is_object())
        return {};
    auto const* image = body.as_object().if_contains("image");
    return image && image->is_string() ? std::string(image->as_string()) : std::string();
}

error bad_request(std::string message) {
    return error{oci::errc::name_invalid, error_source::client, retry_class::never, 400, std::move(message)};
}

bool is_dry(admin_request const& r) {
    auto const given = r.query.find("dry_run");
    return given && *given != "0" && *given != "false";
}

} // namespace

std::string management::image::name() const {
    bool const by_digest = std::holds_alternative<oci::digest>(reference);
    return repository + (by_digest ? "@" : ":") + oci::to_string(reference);
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
        return admin_problem(405, "this is done with POST");
    if (r.path == "/api/v1/purge")
        return purge(r);
    auto const named = image_of(r);
    if (!named)
        return failed(named.error());
    return r.path == "/api/v1/pin" ? pin(*named) : unpin(*named);
}

result<management::image> management::image_of(admin_request const& r) const {
    auto const text = image_text(r);
    if (text.empty())
        return bad_request(R"(which image? {"image": "docker.io/library/alpine:3.20"})");
    auto parsed = oci::parse_image_name(text);
    if (!parsed)
        return from_oci(parsed.error());
    oci::route route;
    route.prefix = parsed->registry;
    route.repo = parsed->repo;
    auto const target = upstreams_.resolve(route);
    if (!target)
        return target.error();
    return image{target->name, parsed->ref};
}

admin_response management::collect(admin_request const& r) const {
    if (r.method != "POST")
        return admin_problem(405, "this is done with POST");
    auto const report = gc_.run(is_dry(r));
    if (!report)
        return admin_problem(409, "a collection is under way");
    if (!report->error.empty())
        return admin_problem(500, report->error);
    return document(to_json(*report));
}

admin_response management::collection_state() const {
    auto const s = gc_.state();
    return document({{"running", s.running}, {"done", s.done}, {"of", s.of}, {"runs", s.runs}});
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
    return document({{"pinned", i.name()}});
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

bool management::is_pinned(image const& i) const {
    auto const all = content_.index().pins();
    auto const reference = oci::to_string(i.reference);
    return all && std::any_of(all->begin(), all->end(),
                              [&](auto const& p) { return p.repo == i.repository && p.reference == reference; });
}

admin_response management::purge_digest(oci::digest const& d) const {
    auto const report = content_.purge({d});
    spdlog::info("purge of {}: {}", d.to_string(), summary(report));
    auto answer = to_json(report);
    answer["purged"] = d.to_string();
    return document(answer);
}

admin_response management::purge(admin_request const& r) const {
    if (auto const d = oci::digest::parse(image_text(r)))
        return purge_digest(*d);
    auto const named = image_of(r);
    if (!named)
        return failed(named.error());
    if (is_pinned(*named))
        return admin_problem(409, named->name() + " is pinned: unpin it first");
    auto const report = content_.purge_image(named->repository, named->reference);
    if (!report)
        return admin_problem(500, report.error().message);
    spdlog::info("purge of {}: {}", named->name(), summary(*report));
    auto answer = to_json(*report);
    answer["purged"] = named->name();
    return document(answer);
}

} // namespace proxy
