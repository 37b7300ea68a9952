#include "proxy/pull/access_check.h"

#include "oci/manifest.h"
#include "proxy/access/access_token.h"
#include "proxy/basic_login.h"
#include "proxy/pull/content_evidence.h"
#include "proxy/pull/lookup.h"

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

namespace {

// A client keeps one login for all that it asks of this host, and upstream must not be shown what opens what is hosted.
bool is_token_of_ours(std::string_view authorization) {
    auto const login = parse_basic(authorization);
    if (!login || !looks_like_token(login->password.text()))
        return false;
    auto const token = unverified_token::parse(login->password.text());
    return token && token->issuer() == token_signer::issuer;
}

} // namespace

task<result<void>> access_check::admit(exchange& x, oci::endpoint const& wanted, repository_target& t) {
    if (!t.from || t.from->config().access == upstream_access::shared)
        co_return result<void>();
    auto const authorization = x.req().header(http_field::authorization);
    if (is_token_of_ours(authorization))
        co_return from_oci({oci::errc::unauthorized, "a token of this registry is no login of upstream's: " + t.name});
    auto login = client_login::parse(authorization);
    if (!login)
        co_return login.error();
    t.as = std::move(*login);
    question q{t, {}, oci::errc::blob_unknown, {}};
    if (auto const* manifest = std::get_if<oci::manifest_endpoint>(&wanted)) {
        q.path = "manifests/" + oci::to_string(manifest->ref);
        q.unknown = oci::errc::manifest_unknown;
        if (auto const* d = std::get_if<oci::digest>(&manifest->ref))
            q.digest = *d;
    } else if (auto const* blob = std::get_if<oci::blob_endpoint>(&wanted)) {
        q.path = "blobs/" + blob->digest.to_string();
        q.digest = blob->digest;
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
    auto said = co_await ask_by(w, q, http_method::head, until);
    bool const is_blob = q.unknown == oci::errc::blob_unknown;
    bool const once_more = said ? *said == word::unclear : is_blob && is_denial(said.error());
    if (once_more)
        said = co_await ask_by(w, q, http_method::get, until);
    if (!said && is_denial(said.error())) {
        parts_.verdicts.refuse(*q.of.as, q.name(), steady_clock::now());
        co_return not_admitted(q.of);
    }
    if (!said)
        co_return said.error();
    if (*said == word::missing)
        co_return from_oci({q.unknown, "upstream has no " + q.path + " in " + q.of.name + " for this login"});
    if (*said == word::unclear)
        co_return upstream_error(502, "upstream answered with something else than " + q.path +
                                          " when asked who may read it");
    auto const now = steady_clock::now();
    parts_.verdicts.allow(*q.of.as, q.of.name, now + q.of.from->config().access_ttl, now);
    co_return true;
}

task<result<access_check::word>> access_check::ask_by(worker& w, question const& q, http_method method,
                                                      deadline until) {
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
    if (response->status() == 404)
        co_return word::missing;
    bool const shown = co_await is_shown_by(*response, q);
    co_return shown ? word::shown : word::unclear; // a body is dropped unread
}

task<bool> access_check::is_shown_by(upstream_response const& answer, question const& q) {
    if (q.unknown == oci::errc::manifest_unknown)
        co_return shows_manifest(answer, q.digest);
    auto const size = co_await known_size(q);
    co_return shows_blob(answer, *q.digest, size);
}

// Of a blob: what the repository's manifests say, or what is stored. What cannot be looked up is not known.
task<std::optional<std::uint64_t>> access_check::known_size(question const& q) {
    auto find_link = [&](store::access a) { return parts_.content.index().find_link(q.of.name, *q.digest, a); };
    auto const link = co_await look_up(parts_.disk, find_link);
    if (link && *link && (*link)->size > 0)
        co_return (*link)->size;
    auto open = [&](store::access a) { return parts_.content.open_blob(*q.digest, a); };
    auto const stored = co_await look_up(parts_.disk, open);
    if (stored && *stored)
        co_return (*stored)->info.size;
    co_return std::nullopt;
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
