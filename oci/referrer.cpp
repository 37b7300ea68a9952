#include "oci/referrer.h"

#include "oci/json_document.h"

#include <boost/json/serialize.hpp>

namespace oci {

namespace json = boost::json;

namespace {

std::string text_of(json::object const& o, std::string_view key) {
    auto const* v = o.if_contains(key);
    return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

} // namespace

std::string referrer_descriptor(digest const& d, std::uint64_t size, manifest const& m) {
    json::object o;
    o["mediaType"] = m.media_type;
    o["digest"] = d.to_string();
    o["size"] = size;
    if (!m.artifact_type.empty())
        o["artifactType"] = m.artifact_type;
    if (!m.annotations.empty()) {
        json::object annotations;
        for (auto const& [key, value] : m.annotations)
            annotations[key] = value;
        o["annotations"] = std::move(annotations);
    }
    return json::serialize(o);
}

std::vector<listed_referrer> referrers_in_index(std::string_view body) {
    std::vector<listed_referrer> all;
    json_document const document(body);
    auto const* o = document.object();
    auto const* list = o ? o->if_contains("manifests") : nullptr;
    if (!list || !list->is_array())
        return all;
    for (auto const& item : list->get_array()) {
        auto const* entry = item.if_object();
        auto const d = entry ? digest::parse(text_of(*entry, "digest")) : result<digest>(error{});
        if (d)
            all.push_back({*d, text_of(*entry, "artifactType"), json::serialize(*entry)});
    }
    return all;
}

std::string referrers_tag(digest const& subject) {
    return std::string(to_string(subject.algo())).substr(0, 32) + "-" + subject.hex().substr(0, 64);
}

} // namespace oci
