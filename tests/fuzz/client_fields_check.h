// What clients say beside what they want: what they have already (the first line an If-None-Match, the second an
// If-Range) and which page of a list they want (the third a query). Each means what a plain reading of the RFC makes of
// it, and a page that is led to is the one that was meant.
#pragma once

#include "oci/charset.h"
#include "oci/route.h"
#include "proxy/hosted/paging.h"
#include "proxy/pull/conditional.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

#include <sstream>
#include <string>

namespace fuzz {

// Of blanks at both ends.
inline std::string bare(std::string_view text) {
    auto const is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return std::string(text);
}

inline void check_conditions(std::string_view if_none_match, std::string_view if_range) {
    std::string const digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    auto const tag = '"' + digest + '"';
    bool named = false;
    std::istringstream list{std::string(if_none_match)};
    for (std::string each; std::getline(list, each, ',');) {
        auto const one = bare(each);
        named |= one == "*" || one == tag || one == "W/" + tag;
    }
    expect(proxy::matches_etag(if_none_match, digest) == named, "an entity tag is named, or is not");
    expect(proxy::matches_etag(std::string(if_none_match) + ", " + tag, digest), "the last of a list is named too");
    expect(proxy::range_allowed(if_range, digest) == (if_range.empty() || bare(if_range) == tag),
           "a part of what the client has, or all");
}

inline void check_page(std::string_view query) {
    auto const asked = oci::parse_route("/v2/a/tags/list?" + std::string(query));
    if (!asked)
        return;
    auto const n = proxy::page_size(asked->query);
    if (!n) {
        expect(n.error().status == 400, "a page that cannot be meant is the client's mistake");
        return;
    }
    expect(n->has_value() == asked->query.find("n").has_value(), "a size that is said is a number");
    std::string const last(asked->query.find("last").value_or(""));
    auto const link = proxy::next_page("/v2/a/tags/list?" + std::string(query), n->value_or(7), last);
    auto const end = link.find('>');
    expect(link.starts_with('<') && link.substr(end) == ">; rel=\"next\"", "a link to one page");
    for (char const c : link)
        expect(c >= ' ' && c <= '~', "a link can stand in a field");
    auto const next = oci::parse_route(link.substr(1, end - 1));
    if (next.has_error() && next.error().code == oci::errc::uri_too_long)
        return;
    expect(next && proxy::page_size(next->query).value() == n->value_or(7), "the next page has the same size");
    expect(next->query.find("last") == std::optional<std::string_view>(last), "and begins where this one ended");
}

inline void check_client_fields(std::string_view input) {
    auto const [if_none_match, rest] = split_line(input);
    auto const [if_range, query] = split_line(rest);
    check_conditions(if_none_match, if_range);
    check_page(query);
}

} // namespace fuzz
