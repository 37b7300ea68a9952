// Manifests: the input is a Content-Type on the first line and the document on the rest. What was understood,
// written as a document again, is understood the same way.
#pragma once

#include "oci/charset.h"
#include "oci/manifest.h"
#include "oci/platform.h"
#include "oci/referrer.h"
#include "tests/fuzz/expect.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace fuzz {

inline boost::json::object print(oci::descriptor const& d) {
    boost::json::object out;
    out["mediaType"] = d.media_type;
    out["digest"] = d.digest.to_string();
    out["size"] = d.size;
    if (d.foreign)
        out["urls"] = boost::json::array{"https://example.com/layer"};
    return out;
}

inline std::string print(oci::manifest const& m) {
    boost::json::object out;
    boost::json::array list;
    for (auto const& child : m.children) {
        if (m.kind == oci::manifest_kind::image && child.role == oci::child_role::config)
            out["config"] = print(child);
        else
            list.push_back(print(child));
    }
    out["mediaType"] = m.media_type;
    out["artifactType"] = m.artifact_type;
    out[m.kind == oci::manifest_kind::index ? "manifests" : "layers"] = std::move(list);
    if (m.subject)
        out["subject"] = print(*m.subject);
    boost::json::object annotations;
    for (auto const& [key, value] : m.annotations)
        annotations[key] = value;
    out["annotations"] = std::move(annotations);
    return boost::json::serialize(out);
}

inline void check_roles(oci::manifest const& m) {
    bool const holds_children = m.kind == oci::manifest_kind::image || m.kind == oci::manifest_kind::index;
    expect(holds_children || !m.subject, "only known kinds are looked into");
    expect(m.kind != oci::manifest_kind::schema1 || m.children.empty(), "schema 1 names nothing");
    for (auto const& child : m.children) {
        if (m.kind != oci::manifest_kind::image)
            break;
        bool const first = &child == &m.children.front();
        expect(child.role == oci::child_role::layer || (first && child.role == oci::child_role::config),
               "an image has a config first, then layers");
    }
}

// What a client lists under a fallback tag goes into answers as it stands: it must stay one entry there.
inline void check_listed_referrers(std::string_view body) {
    std::string list;
    auto const all = oci::referrers_in_index(body);
    for (auto const& one : all)
        list += (list.empty() ? "" : ",") + one.descriptor;
    auto const again = oci::referrers_in_index(R"({"manifests":[)" + list + "]}");
    expect(again.size() == all.size(), "a list of referrers prints");
    for (std::size_t i = 0; i < all.size(); ++i)
        expect(again[i].digest == all[i].digest && again[i].artifact_type == all[i].artifact_type, "each as it was");
}

// Platforms go into messages and are asked for by their names.
inline void check_platforms(oci::manifest const& m, std::string_view body, std::string_view type) {
    auto const entries = oci::parse_index(body, type);
    expect(entries.has_value() == (m.kind == oci::manifest_kind::index), "an index, and nothing else, has entries");
    if (!entries)
        return;
    expect(entries->size() == m.children.size(), "each child is an entry");
    for (std::size_t i = 0; i < entries->size(); ++i) {
        auto const& e = (*entries)[i];
        expect(e.content == m.children[i], "in the same order");
        if (e.platform)
            expect(oci::parse_platform(oci::to_string(*e.platform)).value() == *e.platform,
                   "a platform is what its name says");
    }
}

// What is pushed is taken or refused as it would be anyway; only of kinds that are not looked into it may name more.
inline void check_pushed(oci::result<oci::manifest> const& m, std::string_view body, std::string_view type) {
    auto const pushed = oci::parse_pushed_manifest(body, type);
    expect(pushed.has_value() == m.has_value(), "a push is refused what a pull is");
    if (!pushed)
        return;
    expect(pushed->kind == m->kind && pushed->media_type == m->media_type, "a push has the same type");
    bool const known = m->kind == oci::manifest_kind::image || m->kind == oci::manifest_kind::index;
    expect(!known || *pushed == *m, "of known kinds nothing is guessed");
    expect(pushed->children.size() >= m->children.size(), "a guess loses nothing");
    expect(!oci::charset::has_any(pushed->artifact_type, oci::charset::control), "types fit in a header");
    for (auto const& child : pushed->children)
        expect(!oci::charset::has_any(child.media_type, oci::charset::control), "types fit in a header");
}

inline void check_manifest(std::string_view input) {
    std::size_t const line = std::min(input.find('\n'), input.size());
    std::string_view const type = input.substr(0, line);
    if (oci::charset::has_any(type, oci::charset::control))
        return; // an HTTP parser lets none through
    auto const body = input.substr(std::min(line + 1, input.size()));
    check_listed_referrers(body);
    auto const m = oci::parse_manifest(body, type);
    check_pushed(m, body, type);
    if (!m) {
        expect(m.error().code == oci::errc::manifest_invalid || m.error().code == oci::errc::size_invalid,
               "MANIFEST_INVALID or SIZE_INVALID");
        return;
    }
    expect((m->kind == oci::classify_manifest(m->media_type)) != m->misnamed, "the kind is that of the type, or not");
    expect(!oci::charset::has_any(m->media_type + m->artifact_type, oci::charset::control), "types fit in a header");
    check_roles(*m);
    check_platforms(*m, body, type);
    if (m->misnamed || m->media_type.empty() || m->kind == oci::manifest_kind::other ||
        m->kind == oci::manifest_kind::schema1)
        return;
    auto const again = oci::parse_manifest(print(*m), "");
    expect(again && *again == *m, "a printed manifest is the same manifest");
}

} // namespace fuzz
