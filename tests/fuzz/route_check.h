// Routes: a route printed as a target is the same route, and no part of it holds what was to be refused.
#pragma once

#include "oci/charset.h"
#include "oci/route.h"
#include "tests/fuzz/expect.h"

namespace fuzz {

inline std::string encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (oci::charset::is(c, oci::charset::unreserved))
            out += c;
        else
            out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

struct endpoint_path {
    std::string operator()(oci::ping_endpoint const&) const { return ""; }
    std::string operator()(oci::catalog_endpoint const&) const { return "_catalog"; }
    std::string operator()(oci::manifest_endpoint const& e) const { return "/manifests/" + oci::to_string(e.ref); }
    std::string operator()(oci::blob_endpoint const& e) const { return "/blobs/" + e.digest.to_string(); }
    std::string operator()(oci::tags_endpoint const&) const { return "/tags/list"; }
    std::string operator()(oci::referrers_endpoint const& e) const { return "/referrers/" + e.digest.to_string(); }
    std::string operator()(oci::upload_start_endpoint const&) const { return "/blobs/uploads/"; }
    std::string operator()(oci::upload_endpoint const& e) const { return "/blobs/uploads/" + e.session; }
};

inline std::string print(oci::route const& r) {
    std::string out = r.prefix.empty() ? "" : "/" + r.prefix;
    out += "/v2/";
    if (r.repo)
        out += r.repo->name();
    out += std::visit(endpoint_path{}, r.endpoint);
    char separator = '?';
    for (auto const& [key, value] : r.query.items) {
        out += separator + encode(key) + "=" + encode(value);
        separator = '&';
    }
    return out;
}

inline void check_route(std::string_view input) {
    auto const r = oci::parse_route(input);
    if (!r)
        return;
    bool const names_none = std::holds_alternative<oci::ping_endpoint>(r->endpoint) ||
                            std::holds_alternative<oci::catalog_endpoint>(r->endpoint);
    expect(r->repo.has_value() != names_none, "a repository wherever one is named");
    expect(r->prefix != "." && r->prefix != ".." && r->prefix.find('/') == std::string::npos, "a plain prefix");
    expect(r->query.items.size() <= oci::max_query_items, "few parameters");
    for (auto const& [key, value] : r->query.items) {
        expect(!oci::charset::has_any(key + value, oci::charset::control), "no control bytes in the query");
        expect(r->query.find(key).has_value(), "find finds it");
    }
    std::string const printed = print(*r);
    if (printed.size() > oci::max_target_size)
        return;
    auto const again = oci::parse_route(printed);
    expect(again && *again == *r, "a printed route is the same route");
}

} // namespace fuzz
