// What upstream registries and their token servers say beside the content: URLs to go to, budgets, times to wait, what
// tokens are asked for, and tokens. All of it may come from whoever a redirect leads to; none of it may split a
// request.
#pragma once

#include "oci/charset.h"
#include "oci/route.h"
#include "proxy/pull/listing_handler.h"
#include "proxy/upstream/origin.h"
#include "proxy/upstream/rate_limit.h"
#include "proxy/upstream/token.h"
#include "tests/fuzz/expect.h"

#include <string>

namespace fuzz {

inline bool is_word(std::string_view text) {
    for (char const c : text)
        if (c <= ' ' || c > '~')
            return false;
    return !text.empty();
}

inline void check_place(proxy::location const& l) {
    expect(is_word(l.at.host) && l.at.host.find_first_of("/@ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos,
           "a host");
    expect(l.at.port != 0, "a port");
    expect(l.target.starts_with('/') && is_word(l.target) && l.target.find('#') == std::string::npos, "a target");
}

inline void check_locations(std::string_view text) {
    if (auto const l = proxy::parse_location(text)) {
        check_place(*l);
        expect(proxy::parse_location(l->at.to_string() + l->target) == *l, "a URL prints");
    }
    proxy::location const from{{true, "registry-1.docker.io", 443}, "/v2/library/alpine/blobs/x?ns=a"};
    if (auto const l = proxy::resolve_location(from, text)) {
        check_place(*l);
        expect(proxy::resolve_location(from, l->at.to_string() + l->target) == *l, "where a redirect leads prints");
    }
}

inline void check_limits(std::string_view text) {
    if (auto const b = proxy::parse_pull_budget(text, text)) {
        expect(b->limit > 0 && b->window.count() >= 0 && b->window.count() <= 366 * 24 * 3600, "a budget");
        expect(b->share_left() >= 0 && b->share_left() <= 1, "a share of it");
        auto const stretch = proxy::ttl_stretch(b);
        expect(stretch >= 1 && stretch <= proxy::longest_ttl_stretch, "a tag's time is stretched within bounds");
        auto const printed = std::to_string(b->limit) + ";w=" + std::to_string(b->window.count());
        expect(proxy::parse_pull_budget(printed, printed) == b, "a budget prints");
    }
    if (auto const t = proxy::parse_retry_after(text, 1'764'356'400))
        expect(t->count() >= 0 && *t <= proxy::longest_retry_after, "a time to wait");
}

inline void check_token_answer(std::string_view text) {
    auto const t = proxy::parse_token(text);
    if (!t) {
        expect(t.error().status == 502, "a bad answer is a bad gateway's");
        return;
    }
    expect(is_word(t->value.text()), "a token can stand in a field");
    expect(t->life.count() >= 1 && t->life <= proxy::token::max_life, "for some time");
}

inline void check_token_requests(std::string_view text) {
    auto const repo = oci::repository::parse("library/alpine").value();
    for (auto const& c : oci::parse_challenges(text)) {
        auto const request = proxy::parse_bearer(c, repo);
        if (!request)
            continue;
        expect(!request->scopes.empty() && request->scopes.size() <= 16, "for something");
        auto const url = request->url();
        check_place(url);
        expect(url.at == request->realm.at, "a token is asked of its realm");
        expect(url.target.starts_with(request->realm.target), "where that is");
    }
}

// The list's next page, as a client will ask us for it.
inline void check_link(std::string_view text) {
    std::string const here = "/v2/library/alpine/tags/list";
    for (std::string const ns : {"", "docker.io"}) {
        auto const next = proxy::next_page_here(here + "?n=1&ns=quay.io", text, ns);
        if (next.empty())
            continue;
        expect(is_word(next) && next.find_first_of("<>#") == std::string::npos, "a link can stand in a field");
        auto const asked = oci::parse_route(next);
        if (!asked)
            continue; // a cursor that no query can hold is refused when it is asked for
        expect(asked->repo && asked->repo->name() == "library/alpine", "the next page is of the same list");
        expect(asked->query.find("ns").value_or("") == ns, "and of the same upstream");
    }
}

inline void check_upstream_fields(std::string_view text) {
    check_link(text);
    check_locations(text);
    check_limits(text);
    check_token_answer(text);
    check_token_requests(text);
}

} // namespace fuzz
