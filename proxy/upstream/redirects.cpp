#include "proxy/upstream/redirects.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {

bool is_redirect(unsigned status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

result<location> redirect_target(answer const& a, location const& from) {
    auto const here = from.at.to_string();
    auto const next = resolve_location(from, a.field("Location"));
    if (!next)
        return upstream_error(502, fmt::format("{} redirects to no usable URL", here));
    if (from.at.tls && !next->at.tls)
        return upstream_error(502, fmt::format("{} redirects from https to {}", here, next->at.to_string()));
    return *next;
}

task<result<followed_answer>> send_following(http_client& client, wire_request request, redirects policy, deadline d) {
    bool away = false;
    for (int hops = 0; hops <= max_redirects; ++hops) {
        auto got = co_await client.send(request, d);
        if (!got)
            co_return got.error();
        if (policy == redirects::answer || !is_redirect((*got)->status()))
            co_return followed_answer{std::move(*got), away};
        request.deepest = std::min(request.deepest, client.depth_of(**got));
        auto next = redirect_target(**got, request.to);
        co_await (*got)->discard(d);
        if (!next)
            co_return next.error();
        if (next->at != request.to.at) {
            away = true;
            request.authorization = {};
        }
        request.to = std::move(*next);
    }
    co_return upstream_error(502, fmt::format("more than {} redirects", max_redirects));
}

} // namespace proxy
