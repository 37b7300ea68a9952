// What operators, and pages in their browsers, ask the admin API: the first line is a request's target, the second a
// Host field, the third an Origin field, the rest a command's body.
#pragma once

#include "oci/platform.h"
#include "proxy/admin/admin_service.h"
#include "proxy/admin/command.h"
#include "proxy/stats/series_query.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

#include <string>

namespace fuzz {

inline void check_range_of_time(oci::query const& q) {
    constexpr std::int64_t now = 1'764'374'400;
    auto const r = proxy::parse_range(q, now);
    if (!r) {
        expect(!r.error().empty(), "what is wrong is said");
        return;
    }
    expect(r->from >= 0 && r->from < r->to && r->to <= 253'402'300'799, "a stretch of time that there is");
    expect(r->step >= 60 && r->step % 60 == 0 && r->from % r->step == 0, "whole intervals");
    expect(r->points() >= 1 && r->points() <= 20'000, "and not many");
}

inline void check_image(proxy::admin_request const& r) {
    auto const text = proxy::image_text(r);
    if (!text) {
        expect(text.error().status == 400, "a command that cannot be read is the client's mistake");
        return;
    }
    expect(!text->empty(), "an image has a name");
    if (auto const image = oci::parse_image_name(*text)) {
        auto const printed = image->repo.name();
        expect(!printed.empty() && printed.find_first_of(" \r\n\"\\") == std::string::npos, "a repository's name");
    }
    if (auto const p = oci::parse_platform(*text))
        expect(oci::parse_platform(oci::to_string(*p)) == *p, "a platform prints");
}

// Names of which nobody can make another machine's: an address, or "localhost".
inline bool is_address_or_localhost(std::string_view host) {
    auto name = host.substr(host.find('@') + 1);
    if (auto const colon = name.rfind(':'); colon != name.npos && name.find(']', colon) == name.npos)
        name = name.substr(0, colon);
    if (name.starts_with('['))
        return name.ends_with(']') && name.find_first_not_of("[]0123456789abcdefABCDEF:.") == name.npos;
    return name.find_first_not_of("0123456789.") == name.npos || name == "localhost" || name.find('%') != name.npos;
}

inline void check_page_origin(std::string_view host, std::string_view origin) {
    bool const has_own_name = proxy::is_own_name(host);
    if (has_own_name)
        expect(is_address_or_localhost(host), "our name is one that nobody else can own");
    if (!proxy::is_own_page(origin, host))
        return;
    expect(has_own_name, "a page of ours has our name");
    expect(origin.starts_with("http://" + std::string(host)) || origin.starts_with("https://" + std::string(host)),
           "and comes from where it commands");
}

inline void check_admin_question(std::string_view input) {
    auto const [target, behind_target] = split_line(input);
    auto const [host, behind_host] = split_line(behind_target);
    auto const [origin, body] = split_line(behind_host);
    check_page_origin(host, origin);
    auto r = proxy::parse_admin_request("POST", target);
    if (!r)
        return;
    expect(r->path.starts_with('/'), "a path");
    r->body = body;
    check_range_of_time(r->query);
    check_image(*r);
}

} // namespace fuzz
