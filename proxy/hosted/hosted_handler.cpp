#include "proxy/hosted/hosted_handler.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace proxy {

namespace {

using verb = boost::beast::http::verb;

error unsupported(std::string why) {
    return from_oci({oci::errc::unsupported, std::move(why)});
}

template <class Endpoint>
Endpoint const* as(oci::route const& r) {
    return std::get_if<Endpoint>(&r.endpoint);
}

} // namespace

error hosted_handler::not_hosted(exchange const& x, std::string_view repo) const {
    auto const& prefixes = parts_.upstreams.hosted_prefixes();
    if (prefixes.empty())
        return unsupported("this registry is a pull-through mirror: it takes no pushes and deletes nothing");
    if (!x.may.are_everybodys()) // whose prefixes there are is not for all tenants to know
        return unsupported(fmt::format("{} is not hosted here: nothing can be pushed to it or deleted from it", repo));
    return unsupported(fmt::format("{} is not hosted here: nothing can be pushed to it or deleted from it; what can be "
                                   "pushed to begins with '{}/'",
                                   repo, fmt::join(prefixes, "/' or '")));
}

task<result<void>> hosted_handler::change(exchange& x, oci::route const& r, repository_target const& t) {
    if (t.from)
        co_return not_hosted(x, t.name);
    if (parts_.hosted_read_only.load(std::memory_order_relaxed)) {
        auto e = from_oci({oci::errc::denied, "hosted repositories are read-only here for now ([hosted] read_only)"});
        co_return e;
    }
    auto const method = x.req().method();
    if (as<oci::upload_start_endpoint>(r) && method == verb::post)
        co_return co_await uploads_.start(x, r, t);
    if (auto const* e = as<oci::upload_endpoint>(r)) {
        if (method == verb::patch)
            co_return co_await uploads_.append(x, t, e->session);
        if (method == verb::put)
            co_return co_await uploads_.finish(x, r, t, e->session);
        if (method == verb::delete_)
            co_return co_await uploads_.cancel(x, t, e->session);
    }
    if (auto const* e = as<oci::manifest_endpoint>(r)) {
        if (method == verb::put)
            co_return co_await manifests_.handle(x, r, t, e->ref);
        if (method == verb::delete_)
            co_return co_await deletions_.manifest(x, t, e->ref);
    }
    if (auto const* e = as<oci::blob_endpoint>(r); e && method == verb::delete_)
        co_return co_await deletions_.blob(x, t, e->digest);
    co_return unsupported(fmt::format("{} is not for this path", x.req().method_name()));
}

task<result<void>> hosted_handler::read(exchange& x, oci::route const& r, repository_target const& t) {
    if (as<oci::tags_endpoint>(r))
        co_return co_await lists_.tags(x, r, t);
    if (auto const* e = as<oci::referrers_endpoint>(r))
        co_return co_await referrers_.handle(x, r, t, e->digest);
    if (auto const* e = as<oci::upload_endpoint>(r))
        co_return co_await uploads_.status(x, t, e->session);
    co_return unsupported("uploads begin with POST");
}

} // namespace proxy
