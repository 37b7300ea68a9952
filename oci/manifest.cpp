// From a manifest's JSON to what it names. Documents are read as leniently as Go's clients read them (null is
// an absent list, unknown members are nobody's business) and no more: a wrong digest or size is an error here,
// because nothing later can tell. But what is pushed cannot be fetched again: where a kind's rules are not known here,
// whatever may be a reference is one.
#include "oci/manifest.h"

#include "oci/charset.h"
#include "oci/json_document.h"

#include <boost/json/error.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <limits>

namespace oci {

namespace {

namespace json = boost::json;

// Each is a row of the index, or of a list that is made of them: images have some hundreds at most.
constexpr std::size_t max_children = 4096;
constexpr std::size_t max_annotations = 4096;

error invalid(std::string message) {
    return {errc::manifest_invalid, std::move(message)};
}

error too_many(std::string_view what, std::size_t most) {
    return {errc::manifest_invalid, "more than " + std::to_string(most) + " " + std::string(what), true};
}

// The member `key`, or null if it is absent or JSON's null, which Go writes for an empty list.
json::value const* member(json::object const& o, std::string_view key) noexcept {
    json::value const* v = o.if_contains(key);
    return v == nullptr || v->is_null() ? nullptr : v;
}

// "" if absent.
result<std::string> text_member(json::object const& o, std::string_view key) {
    json::value const* v = member(o, key);
    if (v == nullptr)
        return std::string();
    if (!v->is_string())
        return invalid("\"" + std::string(key) + "\" is not a string");
    return std::string(v->get_string());
}

// A media type, which may end up in a header of an answer: so it is short and has no control bytes.
result<std::string> type_member(json::object const& o, std::string_view key) {
    constexpr std::size_t max_type_size = 255; // RFC 6838 §4.2: 127 on either side of the slash
    auto type = text_member(o, key);
    if (type && (type->size() > max_type_size || charset::has_any(*type, charset::control)))
        return invalid("\"" + std::string(key) + "\" is not a media type: " + charset::quoted(*type));
    return type;
}

// Sizes are int64 in every client, so a larger one can only be a trap for somebody's arithmetic.
result<std::uint64_t> size_member(json::object const& o) {
    json::value const* v = member(o, "size");
    if (v == nullptr)
        return invalid("descriptor without size");
    if (!v->is_int64() || v->get_int64() < 0)
        return invalid("descriptor with a size that is not an integer from 0 to 2^63-1");
    return static_cast<std::uint64_t>(v->get_int64());
}

// Types whose content may stay out of registries: "…nondistributable.v1.tar+gzip", Docker's "…foreign.diff…".
bool is_foreign_type(std::string_view type) noexcept {
    return type.starts_with("application/vnd.oci.image.layer.nondistributable.") ||
           type.starts_with("application/vnd.docker.image.rootfs.foreign.");
}

// What an entry of an index is. They are manifests by the spec, also of types not known here; only BuildKit's
// older cache export lists blobs, and those have layer types or its own.
child_role role_in_index(std::string_view type) noexcept {
    if (type == media_type::buildkit_cacheconfig || type == media_type::oci_config || type == media_type::docker_config)
        return child_role::config;
    if (type.starts_with("application/vnd.oci.image.layer.") ||
        type.starts_with("application/vnd.docker.image.rootfs."))
        return child_role::layer;
    return child_role::manifest;
}

result<descriptor> parse_descriptor(json::value const& v, child_role role) {
    json::object const* o = v.if_object();
    if (o == nullptr)
        return invalid("descriptor is not an object");
    auto type = type_member(*o, "mediaType");
    if (!type)
        return type.error();
    auto digest_text = text_member(*o, "digest");
    if (!digest_text)
        return digest_text.error();
    auto d = digest::parse(*digest_text);
    if (!d)
        return invalid("descriptor: " + d.error().message);
    auto size = size_member(*o);
    if (!size)
        return size.error();
    json::value const* urls = member(*o, "urls");
    bool const has_urls = urls != nullptr && urls->is_array() && !urls->get_array().empty();
    bool const foreign = has_urls || is_foreign_type(*type);
    return descriptor{std::move(*type), *d, *size, role, foreign};
}

// Appends the descriptors of the list `key` to `children`.
result<void> read_list(json::object const& document, std::string_view key, std::vector<descriptor>& children) {
    json::value const* v = member(document, key);
    if (v == nullptr)
        return {};
    json::array const* list = v->if_array();
    if (list == nullptr)
        return invalid("\"" + std::string(key) + "\" is not a list");
    bool const index = key == "manifests";
    if (list->size() > max_children)
        return too_many("entries of \"" + std::string(key) + "\"", max_children);
    children.reserve(children.size() + list->size());
    for (json::value const& item : *list) {
        auto d = parse_descriptor(item, index ? child_role::manifest : child_role::layer);
        if (!d)
            return d.error();
        if (index)
            d->role = role_in_index(strip_parameters(d->media_type));
        children.push_back(std::move(*d));
    }
    return {};
}

result<void> read_image(json::object const& document, manifest& m) {
    if (json::value const* config = member(document, "config")) {
        auto d = parse_descriptor(*config, child_role::config);
        if (!d)
            return d.error();
        if (m.artifact_type.empty())
            m.artifact_type = d->media_type;
        m.children.push_back(std::move(*d));
    }
    return read_list(document, "layers", m.children);
}

// What the members of a document make it, if it does not say so itself. One that looks like two things is neither:
// readers would disagree about what it names (CVE-2021-41190).
std::string_view type_by_shape(json::object const& document) noexcept {
    bool const list = document.contains("manifests");
    bool const image = document.contains("config") || document.contains("layers");
    bool const schema1 = document.contains("fsLayers");
    if (list + image + schema1 != 1)
        return media_type::octet_stream;
    if (schema1)
        return document.contains("signatures") ? media_type::docker_schema1_signed : media_type::docker_schema1;
    return list ? media_type::oci_index : media_type::oci_manifest;
}

// Types that say nothing: what servers send for a file they know nothing about.
bool is_generic(std::string_view type) noexcept {
    return type.empty() || type == "text/plain" || type == "application/json" || type == media_type::octet_stream;
}

result<void> read_annotations(json::object const& document, manifest& m) {
    json::value const* v = member(document, "annotations");
    if (v == nullptr)
        return {};
    json::object const* annotations = v->if_object();
    if (annotations == nullptr)
        return invalid("\"annotations\" is not an object");
    if (annotations->size() > max_annotations)
        return too_many("annotations", max_annotations);
    for (auto const& [key, value] : *annotations)
        if (json::string const* text = value.if_string())
            m.annotations.emplace(std::string(key), std::string(*text));
    return {};
}

result<void> read_children(json::object const& document, manifest_kind kind, manifest& m) {
    switch (kind) {
    case manifest_kind::image:
        return read_image(document, m);
    case manifest_kind::index:
        return read_list(document, "manifests", m.children);
    case manifest_kind::schema1:
    case manifest_kind::other:
        return {};
    }
    return {};
}

// Who sends bytes that name no type may call them what he likes; what they name is the same for all who send them.
void name_untyped(json::object const& document, std::string_view sent_type, manifest& m) {
    auto const shape = type_by_shape(document);
    m.media_type = is_generic(sent_type) ? shape : sent_type;
    m.kind = classify_manifest(m.media_type);
    auto const looks_like = classify_manifest(shape);
    if (m.kind == looks_like || looks_like == manifest_kind::other)
        return;
    if (m.kind != manifest_kind::other) {
        m.kind = looks_like;
        m.misnamed = true;
        return;
    }
    manifest as_shaped; // of a type unknown here, that may mean something else by these members
    if (read_children(document, looks_like, as_shaped))
        m.children = std::move(as_shaped.children);
}

bool is_known(manifest_kind kind) noexcept {
    return kind == manifest_kind::image || kind == manifest_kind::index;
}

result<manifest> read_document(json::object const& document, std::string_view sent_type) {
    auto own_type = type_member(document, "mediaType");
    if (!own_type)
        return own_type.error();
    manifest m;
    m.media_type = strip_parameters(*own_type);
    if (m.media_type.empty())
        name_untyped(document, sent_type, m);
    else
        m.kind = classify_manifest(m.media_type);
    if (!is_known(m.kind))
        return m; // not ours to look into

    auto artifact_type = type_member(document, "artifactType");
    if (!artifact_type)
        return artifact_type.error();
    m.artifact_type = std::move(*artifact_type);
    if (auto done = read_children(document, m.kind, m); !done)
        return done.error();
    if (json::value const* subject = member(document, "subject")) {
        auto d = parse_descriptor(*subject, child_role::manifest);
        if (!d)
            return d.error();
        m.subject = std::move(*d);
    }
    if (auto done = read_annotations(document, m); !done)
        return done.error();
    return m;
}

// What a document of another kind may name: without a size, or by schema 1's own key.
std::optional<descriptor> guess_descriptor(json::value const& v, std::string_view digest_key, child_role role) {
    json::object const* o = v.if_object();
    if (o == nullptr)
        return {};
    if (auto whole = parse_descriptor(v, role))
        return *std::move(whole);
    auto const text = text_member(*o, digest_key);
    if (!text)
        return {};
    auto const d = digest::parse(*text);
    if (!d)
        return {};
    return descriptor{{}, *d, 0, role, false};
}

void guess_list(json::object const& document, std::string_view key, manifest& m) {
    json::value const* v = member(document, key);
    json::array const* list = v == nullptr ? nullptr : v->if_array();
    if (list == nullptr)
        return;
    bool const index = key == "manifests";
    for (json::value const& item : *list) {
        auto d = guess_descriptor(item, key == "fsLayers" ? "blobSum" : "digest", child_role::layer);
        if (!d)
            continue;
        if (index)
            d->role = role_in_index(strip_parameters(d->media_type));
        m.children.push_back(*std::move(d));
    }
}

void guess_children(json::object const& document, manifest& m) {
    m.children.clear(); // what its shape alone said is found again
    if (json::value const* config = member(document, "config"))
        if (auto d = guess_descriptor(*config, "digest", child_role::config))
            m.children.push_back(*std::move(d));
    for (auto const* key : {"layers", "blobs", "manifests", "fsLayers"})
        guess_list(document, key, m);
}

// Its descriptor goes into lists of referrers, and the type of one that names none is whatever it was sent as: bytes
// that may be no text.
void guess_subject(json::object const& document, manifest& m) {
    json::value const* subject = member(document, "subject");
    bool const is_text = std::ranges::all_of(m.media_type, [](char c) { return c >= ' ' && c <= '~'; });
    if (subject == nullptr || !is_text)
        return;
    m.subject = guess_descriptor(*subject, "digest", child_role::manifest);
    if (auto type = type_member(document, "artifactType"))
        m.artifact_type = *std::move(type);
    (void)read_annotations(document, m); // or none
}

result<manifest> read_pushed(json::object const& document, std::string_view sent_type) {
    auto m = read_document(document, sent_type);
    if (!m || is_known(m->kind))
        return m;
    guess_children(document, *m);
    if (m->children.size() > max_children) // nor can they be left out: what nothing names is collected
        return too_many("references", max_children);
    guess_subject(document, *m);
    return m;
}

using reader = result<manifest> (*)(json::object const& document, std::string_view sent_type);

result<manifest> parse(std::string_view body, std::string_view content_type, reader read) {
    if (body.size() > max_manifest_size)
        return error{errc::size_invalid, "manifest of " + std::to_string(body.size()) + " bytes; at most " +
                                             std::to_string(max_manifest_size) + " are taken"};
    json_document const document(body);
    auto const ec = document.error();
    if (ec == json::error::too_deep)
        return error{errc::manifest_invalid,
                     "JSON nested deeper than " + std::to_string(json_document::max_depth) + " levels, which are taken",
                     true};
    if (ec == std::errc::not_enough_memory)
        return error{errc::manifest_invalid, "JSON of so many values that it takes more than 32 MiB to read", true};
    if (ec)
        return invalid("not JSON: " + ec.message());
    json::object const* object = document.object();
    if (object == nullptr)
        return invalid("not a JSON object");
    return read(*object, strip_parameters(content_type));
}

} // namespace

result<manifest> parse_manifest(std::string_view body, std::string_view content_type) {
    return parse(body, content_type, read_document);
}

result<manifest> parse_pushed_manifest(std::string_view body, std::string_view content_type) {
    return parse(body, content_type, read_pushed);
}

} // namespace oci
