#include "oci/platform.h"

#include "oci/json_document.h"

#include <algorithm>

namespace oci {

namespace {

namespace json = boost::json;

constexpr std::size_t max_part = 64;

bool is_part(std::string_view text) noexcept {
    return !text.empty() && text.size() <= max_part && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    });
}

std::string text_of(json::object const& o, std::string_view key) {
    auto const* v = o.if_contains(key);
    auto const* text = v ? v->if_string() : nullptr;
    return text ? std::string(*text) : std::string();
}

json::object const* object_of(json::object const& o, std::string_view key) {
    auto const* v = o.if_contains(key);
    return v ? v->if_object() : nullptr;
}

std::optional<platform> platform_of(json::object const& entry) {
    auto const* o = object_of(entry, "platform");
    if (!o)
        return std::nullopt;
    platform p{text_of(*o, "os"), text_of(*o, "architecture"), text_of(*o, "variant")};
    bool const usable = is_part(p.os) && is_part(p.architecture) && (p.variant.empty() || is_part(p.variant));
    return usable ? std::optional(std::move(p)) : std::nullopt;
}

bool is_attestation(json::object const& entry, std::optional<platform> const& p) {
    auto const* notes = object_of(entry, "annotations");
    if (notes && text_of(*notes, "vnd.docker.reference.type") == "attestation-manifest")
        return true;
    return p && p->os == "unknown" && p->architecture == "unknown";
}

} // namespace

result<platform> parse_platform(std::string_view text) {
    auto const bad = error{errc::manifest_invalid, "a platform is like \"linux/amd64\" or \"linux/arm/v7\""};
    platform p;
    for (auto* part : {&p.os, &p.architecture, &p.variant}) {
        auto const slash = text.find('/');
        *part = text.substr(0, slash);
        if (!is_part(*part))
            return bad;
        if (slash == text.npos)
            return part == &p.os ? result<platform>(bad) : result<platform>(std::move(p));
        text.remove_prefix(slash + 1);
    }
    return bad;
}

std::string to_string(platform const& p) {
    return p.os + "/" + p.architecture + (p.variant.empty() ? "" : "/" + p.variant);
}

bool fits(platform const& wanted, platform const& offered) noexcept {
    if (wanted.os != offered.os || wanted.architecture != offered.architecture)
        return false;
    return wanted.variant == offered.variant || wanted.variant.empty() || offered.variant.empty();
}

// Read twice: the parser knows what a cache needs of every manifest, and this but who chooses among platforms.
result<std::vector<index_entry>> parse_index(std::string_view body, std::string_view content_type) {
    auto parsed = parse_manifest(body, content_type);
    if (!parsed)
        return parsed.error();
    if (parsed->kind != manifest_kind::index)
        return error{errc::manifest_invalid, "not an index"};
    std::vector<index_entry> entries;
    for (auto& child : parsed->children)
        entries.push_back({std::move(child), {}, false});
    json_document const document(body);
    auto const* o = document.object();
    auto const* list = o ? o->if_contains("manifests") : nullptr;
    if (!list || !list->is_array())
        return entries;
    auto const& items = list->get_array();
    for (std::size_t i = 0; i < std::min(items.size(), entries.size()); ++i)
        if (auto const* entry = items[i].if_object()) {
            entries[i].platform = platform_of(*entry);
            entries[i].is_attestation = is_attestation(*entry, entries[i].platform);
        }
    return entries;
}

} // namespace oci
