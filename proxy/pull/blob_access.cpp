#include "proxy/pull/blob_access.h"

#include "oci/byte_range.h"
#include "proxy/pull/access_check.h"

#include <spdlog/spdlog.h>

#include <ctime>

namespace proxy {

namespace {

error blob_unknown(oci::digest const& d) {
    return from_oci({oci::errc::blob_unknown, "upstream has no blob " + d.to_string() + " or refuses access to it"});
}

std::string path_of(oci::digest const& d) {
    return "blobs/" + d.to_string();
}

} // namespace

bool is_shown(server_parts const& parts, repository_target const& t, std::optional<store::link> const& known) noexcept {
    bool const all_see_all = !t.is_guarded() && !parts.who.rules().exist();
    return known && (known->proven || !t.from || all_see_all);
}

bool lends(server_parts const& parts, rights const& may, store::repository_name const& from,
           std::string_view as_written, oci::digest const& d) {
    if (!may.allow_as_asked(action::pull, from, as_written))
        return false;
    if (parts.upstreams.is_hosted(from))
        return true;
    if (!parts.upstreams.is_mirrored(from) || parts.upstreams.is_guarded(from))
        return false;
    auto const link = parts.content.index().find_link(from, d);
    return link && *link && ((*link)->proven || !parts.who.rules().exist());
}

task<bool> blob_access::is_lent(rights const& may, oci::digest const& d) {
    auto look = [&] {
        auto const suits = [&](store::repository_name const& name) { return lends(parts_, may, name, name, d); };
        auto const holder = parts_.content.index().find_holder(d, suits);
        return holder && *holder;
    };
    co_return co_await on_disk(parts_.disk, look);
}

task<result<std::optional<std::uint64_t>>> blob_access::ask(worker& w, repository_target const& t,
                                                            oci::digest const& d) {
    if (parts_.absences.holds(t.flight_key(), path_of(d), parts_.now()))
        co_return blob_unknown(d);
    auto work = [this, &w, t, d] { return head(w, t, d); };
    auto answer = co_await flights_.run_by(w, t.flight_key() + "@" + d.to_string(), work, t.until);
    co_return std::move(answer.value);
}

task<result<std::optional<std::uint64_t>>> blob_access::prove(worker& w, repository_target const& t,
                                                              oci::digest const& d, std::optional<store::link> known,
                                                              std::optional<std::uint64_t> stored_size) {
    if (!t.from)
        co_return from_oci({oci::errc::blob_unknown, "no blob " + d.to_string() + " in " + t.name});
    auto size = co_await ask(w, t, d);
    if (!size)
        co_return size.error();
    auto now = std::move(known).value_or(store::link{.linked_at = std::time(nullptr)});
    now.size = stored_size.value_or(size->value_or(now.size));
    now.proven = true;
    auto put = [&] { return parts_.content.index().put_link(t.name, d, now); };
    auto linked = co_await on_disk(parts_.disk, put);
    if (!linked) // upstream has said so: what cannot be noted down is asked again next time
        spdlog::warn("{}: not linked to {}: {}", d.to_string(), t.name, linked.error().message);
    co_return size;
}

task<result<blob_access::size_answer>> blob_access::head(worker& w, repository_target t, oci::digest d) {
    auto const until = t.answer_by();
    auto const asked_at = parts_.now();
    upstream_request request{http_method::head, t.repo, path_of(d), {}, {}};
    request.as = t.as;
    request.client = t.client;
    auto response = co_await t.from->open(w, std::move(request), until);
    if (response && response->status() == 200)
        co_return response->content_length();
    if (response && response->status() == 404) {
        parts_.absences.put(t.flight_key(), path_of(d), asked_at, t.from->config().negative_ttl);
        co_return blob_unknown(d);
    }
    // A refused HEAD need not mean a refused GET: signed URLs of object stores are made for one method.
    if (!response && !is_denial(response.error()))
        co_return response.error();
    auto answer = co_await first_byte(w, t, d, until);
    co_return answer;
}

task<result<blob_access::size_answer>> blob_access::first_byte(worker& w, repository_target const& t,
                                                               oci::digest const& d, deadline until) {
    upstream_request request{http_method::get, t.repo, path_of(d), {}, 0, 0};
    request.as = t.as;
    request.client = t.client;
    auto response = co_await t.from->open(w, std::move(request), until);
    if (!response) {
        if (is_denial_of(parts_, t, response.error()))
            co_return blob_unknown(d);
        co_return response.error();
    }
    if (response->status() == 206) {
        auto range = oci::parse_content_range(response->header("Content-Range"));
        co_await response->read_all(1, until); // so that the connection is kept
        if (range && range->total > 0)
            co_return size_answer(range->total);
        co_return size_answer();
    }
    if (response->status() == 200)
        co_return response->content_length();
    if (response->status() == 404)
        co_return blob_unknown(d);
    co_return upstream_error(502, fmt::format("upstream answered {} to a blob request", response->status()));
}

} // namespace proxy
