#include "proxy/pull/access_check.h"

#include "oci/manifest.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {

error not_admitted(repository_target const& t) {
    return from_oci({oci::errc::unauthorized, "upstream does not show " + t.name + " to this login"});
}

bool is_denial(error const& e) noexcept {
    return e.source == error_source::upstream && e.code == oci::errc::denied;
}

bool is_denial_of(server_parts const& parts, repository_target const& t, error const& e) {
    bool const denied = is_denial(e);
    if (denied && t.as)
        parts.verdicts.forget(*t.as, t.name);
    return denied;
}

task<result<void>> access_check::admit(exchange& x, oci::endpoint const& wanted, repository_target& t) {
    if (!t.from || t.from->config().access == upstream_access::shared)
        co_return result<void>();
    auto login = client_login::parse(x.req().header(http_field::authorization));
    if (!login)
        co_return login.error();
    t.as = std::move(*login);
    question q{t, {}, oci::errc::blob_unknown};
    if (auto const* manifest = std::get_if<oci::manifest_endpoint>(&wanted)) {
        q.path = "manifests/" + oci::to_string(manifest->ref);
        q.unknown = oci::errc::manifest_unknown;
    } else if (auto const* blob = std::get_if<oci::blob_endpoint>(&wanted)) {
        q.path = "blobs/" + blob->digest.to_string();
    }
    auto const now = steady_clock::now();
    if (q.path.empty() || parts_.verdicts.of(*t.as, t.name, now) == access_verdicts::word::allowed)
        co_return result<void>();
    if (parts_.verdicts.of(*t.as, q.name(), now) == access_verdicts::word::refused)
        co_return not_admitted(t);

    auto& w = x.local().home;
    auto key = t.flight_key() + " " + q.path;
    auto work = [this, &w, q] { return ask(w, q); };
    auto admitted = co_await flights_.run_by(w, std::move(key), work, t.until);
    if (!admitted.value)
        co_return admitted.value.error();
    co_return result<void>();
}

// With HEAD, which costs upstream least. Where that is no answer (some registries know no HEAD, and signed URLs of
// object stores are made for one method) the first byte of a GET is.
task<result<bool>> access_check::ask(worker& w, question q) {
    auto const until = q.of.answer_by();
    auto status = co_await status_of(w, q, http_method::head, until);
    bool const is_blob = q.unknown == oci::errc::blob_unknown;
    bool const once_more = status ? *status != 200 && *status != 404 : is_blob && is_denial(status.error());
    if (once_more)
        status = co_await status_of(w, q, http_method::get, until);
    if (!status && is_denial(status.error())) {
        parts_.verdicts.refuse(*q.of.as, q.name(), steady_clock::now());
        co_return not_admitted(q.of);
    }
    if (!status)
        co_return status.error();
    if (*status == 404)
        co_return from_oci({q.unknown, "upstream has no " + q.path + " in " + q.of.name + " for this login"});
    if (*status != 200 && *status != 206)
        co_return upstream_error(502, fmt::format("upstream answered {} when asked who may read", *status));
    auto const now = steady_clock::now();
    parts_.verdicts.allow(*q.of.as, q.of.name, now + q.of.from->config().access_ttl, now);
    co_return true;
}

task<result<unsigned>> access_check::status_of(worker& w, question const& q, http_method method, deadline until) {
    upstream_request request{method, q.of.repo, q.path, {}, {}};
    request.as = q.of.as;
    request.client = q.of.client;
    if (q.unknown == oci::errc::manifest_unknown)
        request.accept = oci::manifest_accept_list();
    else if (method == http_method::get)
        request.range_first = request.range_last = 0;
    auto response = co_await q.of.from->open(w, std::move(request), until);
    if (!response)
        co_return response.error();
    co_return response->status(); // a body is dropped unread
}

bool access_check::is_for_upstream(oci::route const& ping) const {
    auto const* named = parts_.upstreams.named_by(ping);
    return named && named->config().access == upstream_access::per_client;
}

login_need access_check::login_at(exchange const& x, oci::route const& ping) const {
    if (!x.req().header(http_field::authorization).empty())
        return login_need::none;
    if (is_for_upstream(ping))
        return login_need::asked_for;
    auto const& all = parts_.settings.upstreams;
    bool const somewhere = std::ranges::find(all, upstream_access::per_client, &upstream_config::access) != all.end();
    return somewhere ? login_need::of_use : login_need::none;
}

} // namespace proxy
