#include "proxy/pull/blob_access.h"

#include "proxy/pull/access_check.h"
#include "proxy/pull/content_evidence.h"

#include <spdlog/spdlog.h>

#include <ctime>

namespace proxy {

namespace {

std::string path_of(oci::digest const& d) {
    return "blobs/" + d.to_string();
}

} // namespace

error blob_unknown(oci::digest const& d) {
    return from_oci({oci::errc::blob_unknown, "upstream has no blob " + d.to_string() + " or refuses access to it"});
}

bool is_open_to_all(server_parts const& parts) noexcept {
    return !parts.upstreams.guards_any() && !parts.who.rules().exist();
}

bool is_shown(server_parts const& parts, repository_target const& t, std::optional<store::link> const& known) noexcept {
    return known && (known->proven || !t.from || is_open_to_all(parts));
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
    return link && *link && ((*link)->proven || is_open_to_all(parts));
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

task<result<bool>> blob_access::prove_stored(worker& w, repository_target const& t, oci::digest const& d,
                                             std::optional<store::link> known, store::content_store::opened stored) {
    if (!t.from)
        co_return from_oci({oci::errc::blob_unknown, "no blob " + d.to_string() + " in " + t.name});
    auto const size = stored.info.size;
    bool shown = false;
    if (size == 0 || co_await is_word_enough(t, d)) { // of nothing there is no piece
        auto const said = co_await ask(w, t, d);
        if (!said)
            co_return said.error();
        shown = *said == size; // a page for people has another length
    }
    if (!shown && size > 0) {
        auto const given = co_await possession_.show(w, t, d, std::move(stored.file));
        if (!given)
            co_return given.error();
        shown = *given;
    }
    if (shown)
        co_await note_proof(t, d, std::move(known), size);
    co_return shown;
}

// What upstream has given once, or shown that it has, it is believed to have in other repositories of its own.
task<bool> blob_access::is_word_enough(repository_target const& t, oci::digest const& d) {
    if (is_open_to_all(parts_))
        co_return true;
    auto look = [&, ours = t.from->config().name + "/"] {
        auto const& index = parts_.content.index();
        auto const had_it = [&](store::repository_name const& name) {
            if (!name.starts_with(ours))
                return false;
            auto const link = index.find_link(name, d);
            return link && *link && (*link)->proven;
        };
        auto const holder = index.find_holder(d, had_it);
        return holder && *holder;
    };
    co_return co_await on_disk(parts_.disk, look);
}

// What cannot be noted down is asked again next time.
task<void> blob_access::note_proof(repository_target const& t, oci::digest const& d, std::optional<store::link> known,
                                   std::uint64_t size) {
    auto now = std::move(known).value_or(store::link{.linked_at = std::time(nullptr)});
    now.size = size;
    now.proven = true;
    auto put = [&] { return parts_.content.index().put_link(t.name, d, now); };
    auto const linked = co_await on_disk(parts_.disk, put);
    if (!linked)
        spdlog::warn("{}: not linked to {}: {}", d.to_string(), t.name, linked.error().message);
}

task<result<blob_access::size_answer>> blob_access::head(worker& w, repository_target t, oci::digest d) {
    auto const until = t.answer_by();
    auto const asked_at = parts_.now();
    upstream_request request{http_method::head, t.repo, path_of(d), {}, {}};
    request.as = t.as;
    request.client = t.client;
    auto response = co_await t.from->open(w, std::move(request), until);
    if (response && response->status() == 200)
        co_return named_size(*response);
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
    auto const size = named_size(*response);
    if (response->status() == 206)
        co_await response->read_all(1, until); // so that the connection is kept
    if (response->status() == 206 || response->status() == 200)
        co_return size;
    if (response->status() == 404)
        co_return blob_unknown(d);
    co_return upstream_error(502, fmt::format("upstream answered {} to a blob request", response->status()));
}

} // namespace proxy
