// tags/list and referrers: asked of upstream each time and passed through, for only upstream knows them. That it serves
// no referrers is remembered for some seconds.
#pragma once

#include "oci/route.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/server_parts.h"

namespace proxy {

class listing_handler {
public:
    explicit listing_handler(server_parts const& parts) : parts_(parts) {}

    // 200 with upstream's list; its Link, if any, leads to the next page here. NAME_UNKNOWN.
    task<result<void>> tags(exchange& x, repository_target const& t);

    // 200 with upstream's index. An upstream without the API gives 404, but never NAME_UNKNOWN: that tells clients to
    // look for the fallback tag, while an empty list would hide signatures kept there.
    task<result<void>> referrers(exchange& x, repository_target const& t, oci::digest const& d);

private:
    // The body of `from` as it comes, below `head`, which says all but its length.
    task<result<void>> pass_on(exchange& x, response_head head, upstream_response& from, milliseconds idle);

    server_parts const& parts_;
};

// The target of the next page here: the path of `target` with the query of upstream's `link`, plus our own `ns`.
// Empty if `link` holds no next page.
std::string next_page_here(std::string_view target, std::string_view link, std::string_view ns);

} // namespace proxy
