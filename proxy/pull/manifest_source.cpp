#include "proxy/pull/manifest_source.h"

#include "oci/manifest.h"
#include "proxy/pull/access_check.h"
#include "proxy/pull/blob_access.h"
#include "proxy/pull/lookup.h"

#include <spdlog/spdlog.h>

namespace proxy {

namespace {

error manifest_unknown(std::string_view reference) {
    return from_oci({oci::errc::manifest_unknown, "no manifest '" + std::string(reference) + "' at upstream"});
}

// Registries answer 401 or 403 for what does not exist as readily as for what is private.
error without_denial(server_parts const& parts, repository_target const& t, error e, std::string_view reference) {
    if (!is_denial_of(parts, t, e))
        return e;
    auto unknown = from_oci({oci::errc::manifest_unknown,
                             "upstream has no manifest '" + std::string(reference) + "' or refuses access to it"});
    unknown.doubtful = e.doubtful;
    return unknown;
}

std::string path_of(std::string_view reference) {
    return "manifests/" + std::string(reference);
}

result<void> check_status(upstream_response const& response, std::string_view reference) {
    if (response.status() == 200)
        return {};
    if (response.status() == 404)
        return manifest_unknown(reference);
    return upstream_error(502, fmt::format("upstream answered {} to a manifest request", response.status()));
}

// Nothing if it is no manifest in this repository, or not known to be one of a certain type. The same bytes can be a
// blob elsewhere, or a manifest of another type: what they are here the link knows, once upstream has given them or a
// client pushed them. Until then the content does, where what names it here calls it the same: its type may be what
// somebody else has called it.
std::optional<std::string> manifest_type(repository_target const& t, store::link const& link,
                                         store::object const& info) {
    bool const link_knows = !t.from || (link.proven && link.kind != store::object_kind::unknown);
    if ((link_knows ? link.kind : info.kind) != store::object_kind::manifest)
        return std::nullopt;
    if (!link_knows && link.media_type != info.media_type)
        return std::nullopt;
    return link.media_type.empty() ? info.media_type : link.media_type;
}

// All who asked get one answer; each is told whether it was asked on his account.
result<resolved_tag> as_told(single_flight<resolved_tag>::answer a) {
    if (a.value)
        a.value->collapsed = a.shared;
    return std::move(a.value);
}

} // namespace

task<result<manifest_source::manifest_ptr>> manifest_source::stored(repository_target const& t, oci::digest const& d) {
    auto& content = parts_.content;
    auto link_of = [&](store::access a) { return content.index().find_link(t.name, d, a); };
    auto link = co_await look_up(parts_.disk, link_of);
    if (!link)
        co_return from_store(link.error());
    if (!is_shown(parts_, t, *link)) // that it comes from upstream proves it
        co_return manifest_ptr();
    auto blob_of = [&](store::access a) { return content.open_blob(d, a); };
    auto blob = co_await look_up(parts_.disk, blob_of);
    if (!blob)
        co_return from_store(blob.error());
    if (!*blob || (*blob)->info.size > oci::max_manifest_size) // a layer that an index calls a manifest
        co_return manifest_ptr();
    auto type = manifest_type(t, **link, (*blob)->info);
    if (!type)
        co_return manifest_ptr();
    co_return std::make_shared<served_manifest const>(d, *std::move(type), std::move((*blob)->file));
}

task<result<manifest_source::place>> manifest_source::hold(worker& w, repository_target const& t, std::uint64_t size) {
    if (size <= oci::large_manifest_size)
        co_return place();
    auto held = co_await large_->enter(w, t.client, t.until.within(patience));
    if (!held)
        co_return overloaded("too many large manifests are on their way at once", limit::bodies);
    co_return place(std::move(held));
}

task<result<manifest_source::fetched>> manifest_source::fetch(worker& w, repository_target const& t,
                                                              oci::digest const& d) {
    if (is_absent(t, d.to_string()))
        co_return manifest_unknown(d.to_string());
    auto work = [this, &w, t, d] { return download(w, t, d); };
    auto answer = co_await fetches_.run_by(w, t.flight_key() + "@" + d.to_string(), work, t.until);
    if (!answer.value)
        co_return answer.value.error();
    co_return fetched{std::move(*answer.value), answer.shared};
}

task<result<manifest_source::manifest_ptr>> manifest_source::download(worker& w, repository_target t, oci::digest d) {
    auto got = co_await get(w, t, d.to_string(), d);
    if (!got)
        co_return without_denial(parts_, t, got.error(), d.to_string());
    parts_.absences.forget(t.flight_key(), path_of(d.to_string()));
    co_return got;
}

task<result<manifest_source::manifest_ptr>> manifest_source::get(worker& w, repository_target const& t,
                                                                 std::string const& reference,
                                                                 std::optional<oci::digest> d) {
    auto const until = t.answer_by();
    auto const asked_at = parts_.now();
    auto const endpoints = t.from->config().endpoints.size();
    upstream_request request{
        http_method::get, t.repo, path_of(reference), std::string(oci::manifest_accept_list()), {}};
    request.as = t.as;
    request.client = t.client;
    auto& failed = request.where.last;
    for (std::size_t left = endpoints;; --left) {
        auto response = co_await t.from->open(w, request, until);
        if (!response)
            co_return response.error();
        if (response->status() == 404)
            parts_.absences.put(t.flight_key(), path_of(reference), asked_at, t.from->config().negative_ttl);
        auto usable = check_status(*response, reference);
        if (!usable)
            co_return usable.error();
        auto const share = until.within(until.left() / left); // one that hangs leaves time for the next
        auto taken = co_await take(w, t, d, *response, share);
        if (taken)
            co_return taken;
        auto const endpoint = response->account()->endpoint();
        if (left == 1 || failed.has(endpoint))
            co_return taken;
        spdlog::info("{}: not from {}: {}", t.name, response->endpoint(), taken.error().message);
        failed.add(endpoint);
    }
}

// What an answer with status 200 holds, verified and kept.
task<result<manifest_source::manifest_ptr>> manifest_source::take(worker& w, repository_target const& t,
                                                                  std::optional<oci::digest> d,
                                                                  upstream_response& response, deadline until) {
    auto held = co_await hold(w, t, response.content_length().value_or(oci::max_manifest_size));
    if (!held)
        co_return held.error();
    auto body = co_await response.read_all(oci::max_manifest_size, until);
    if (!body)
        co_return body.error();
    if (body->size() <= oci::large_manifest_size) // upstream had not said how long it is
        held->reset();
    auto type = std::string(oci::strip_parameters(response.header("Content-Type")));
    auto const named = oci::digest::parse(response.header("Docker-Content-Digest"));
    received got{std::move(type), std::move(*body), {}, std::move(*held)};
    if (named)
        got.named = *named;
    if (!d) {
        auto const identified = co_await identify(got);
        if (!identified) {
            response.account()->failed();
            co_return identified.error();
        }
        d = *identified;
    }
    auto kept = co_await keep(t, *d, std::move(got));
    if (kept)
        response.account()->right();
    else
        response.account()->failed();
    co_return kept;
}

// Verifies, stores and links, all on the disk pool: hashing and parsing a hostile manifest of 4 MiB takes a while. A
// document that we cannot parse is kept as it is: its digest is right.
task<result<manifest_source::manifest_ptr>> manifest_source::keep(repository_target const& t, oci::digest const& d,
                                                                  received r) {
    auto& readers = parts_.disk.for_document(r.body.size());
    auto work = [&] { return verify_and_store(t, d, std::move(r)); };
    auto kept = co_await on_disk(readers, work);
    co_return kept;
}

result<manifest_source::manifest_ptr> manifest_source::verify_and_store(repository_target const& t,
                                                                        oci::digest const& d, received r) {
    if (oci::digest::of(r.body, d.algo()) != d) {
        spdlog::error("{}@{}: wrong manifest bytes from upstream, discarded", t.name, d.to_string());
        return upstream_error(502, "upstream's manifest has another digest");
    }
    auto parsed = oci::parse_manifest(r.body, r.media_type);
    oci::manifest as_it_came;
    as_it_came.media_type = r.media_type.empty() ? std::string(oci::media_type::octet_stream) : r.media_type;
    auto const& m = parsed ? *parsed : as_it_came;

    store::object_traits const traits{store::object_kind::manifest, store::object_origin::pull, m.media_type};
    auto put = parts_.content.put(d, r.body, traits);
    if (put) {
        auto linked = parts_.content.index().put_manifest(t.name, d, m, r.body.size());
        if (!linked)
            spdlog::warn("{}@{}: not linked: {}", t.name, d.to_string(), linked.error().message);
    } else {
        spdlog::warn("{}@{}: not kept: {}", t.name, d.to_string(), put.error().message);
    }
    if (put) { // and is in memory no longer than it has to be
        if (auto blob = parts_.content.open_blob(d); blob && *blob && !(*blob)->file->in_memory())
            return std::make_shared<served_manifest const>(d, m.media_type, std::move((*blob)->file));
    }
    auto served = std::make_shared<served_manifest>(d, m.media_type, std::move(r.body));
    served->held = std::move(r.held);
    if (!put)
        served->unkept = put.error().code;
    return manifest_ptr(std::move(served));
}

single_flight<resolved_tag>::work manifest_source::question(worker& w, repository_target const& t, oci::tag const& name,
                                                            reason why) {
    return [this, &w, t, name, why] { return ask(w, t, name, why); };
}

task<result<resolved_tag>> manifest_source::resolve(worker& w, repository_target const& t, oci::tag const& name) {
    if (is_absent(t, name.name()))
        co_return manifest_unknown(name.name());
    auto work = question(w, t, name, reason::other);
    auto answer = co_await resolutions_.run_by(w, t.flight_key() + ":" + name.name(), work, t.until);
    co_return as_told(std::move(answer));
}

task<result<resolved_tag>> manifest_source::ask_now(worker& w, repository_target const& t, oci::tag const& name) {
    parts_.absences.forget(t.flight_key(), path_of(name.name()));
    co_return co_await resolve(w, t, name);
}

task<std::optional<result<resolved_tag>>> manifest_source::resolve_for(worker& w, repository_target const& t,
                                                                       oci::tag const& name,
                                                                       steady_clock::duration patience) {
    auto work = question(w, t, name, reason::revalidation);
    auto answer = co_await resolutions_.run_for(w, t.flight_key() + ":" + name.name(), work, patience);
    if (!answer)
        co_return std::nullopt;
    co_return as_told(*std::move(answer));
}

void manifest_source::refresh(worker& w, repository_target const& t, oci::tag const& name) {
    auto for_nobody = t; // who has no less time than a client
    for_nobody.until = deadline::after(t.from->config().first_byte_timeout);
    resolutions_.start(w, t.flight_key() + ":" + name.name(), question(w, for_nobody, name, reason::revalidation));
}

task<result<resolved_tag>> manifest_source::ask(worker& w, repository_target t, oci::tag name, reason why) {
    auto const asked_at = parts_.now();
    upstream_request request{
        http_method::head, t.repo, path_of(name.name()), std::string(oci::manifest_accept_list()), {}};
    request.as = t.as;
    request.client = t.client;
    auto response = co_await t.from->open(w, std::move(request), t.answer_by());
    if (!response)
        co_return without_denial(parts_, t, response.error(), name.name());
    if (response->status() == 404) {
        parts_.absences.put(t.flight_key(), path_of(name.name()), asked_at, t.from->config().negative_ttl);
        co_await forget(t, name);
        co_return manifest_unknown(name.name());
    }
    auto d = oci::digest::parse(response->header("Docker-Content-Digest"));
    // Some registries know no HEAD, or leave the digest out of its answer.
    if (response->status() != 200 || !d) {
        auto by_get = co_await ask_by_get(w, t, name, why);
        co_return by_get;
    }
    auto type = std::string(oci::strip_parameters(response->header("Content-Type")));
    parts_.absences.forget(t.flight_key(), path_of(d->to_string())); // it must exist by now
    resolved_tag found{*d, parts_.now(), std::move(type), response->content_length()};
    auto replaced = co_await replace(w, t, name, *d);
    if (!replaced)
        co_return replaced.error();
    found.fetched = *replaced;
    co_await record(t, name, found, why);
    co_return found;
}

// The digest of what was asked for by a tag. If upstream does not say it, anything could be right: a login page, an
// error, a compressed body. A document that is no manifest is none, then.
task<result<oci::digest>> manifest_source::identify(received const& r) {
    if (r.named)
        co_return *r.named;
    auto look = [&]() -> result<oci::digest> {
        auto const parsed = oci::parse_manifest(r.body, r.media_type);
        bool const is_manifest =
            parsed && (parsed->kind != oci::manifest_kind::other || parsed->media_type.starts_with("application/vnd."));
        if (!is_manifest)
            return upstream_error(502, "upstream answered with something else than a manifest");
        return oci::digest::of(r.body);
    };
    auto found = co_await on_disk(parts_.disk.for_document(r.body.size()), look);
    co_return found;
}

task<result<resolved_tag>> manifest_source::ask_by_get(worker& w, repository_target const& t, oci::tag const& name,
                                                       reason why) {
    auto got = co_await get(w, t, name.name(), {});
    if (!got && got.error().code == oci::errc::manifest_unknown)
        co_await forget(t, name);
    if (!got)
        co_return without_denial(parts_, t, got.error(), name.name());
    resolved_tag found{(*got)->digest, parts_.now(), (*got)->media_type, (*got)->size()};
    co_await record(t, name, found, why);
    co_return found;
}

task<result<bool>> manifest_source::is_here(repository_target const& t, oci::digest const& d) {
    auto const found = co_await stored(t, d);
    if (!found)
        co_return found.error();
    co_return *found != nullptr;
}

// Fetches what the tag is now if what it was is here. True: it was fetched.
task<result<bool>> manifest_source::replace(worker& w, repository_target const& t, oci::tag const& name,
                                            oci::digest const& d) {
    auto find = [&](store::access a) { return parts_.content.index().find_tag(t.name, name, a); };
    auto const before = co_await look_up(parts_.disk, find);
    if (!before || !*before || (*before)->digest == d)
        co_return false;
    auto const next = co_await is_here(t, d);
    if (!next || *next)
        co_return false;
    auto const last = co_await is_here(t, (*before)->digest);
    if (!last || !*last)
        co_return false;
    auto const got = co_await fetch(w, t, d);
    if (got)
        co_return true;
    if (got.error().code != oci::errc::manifest_unknown)
        co_return got.error();
    co_return upstream_error(502, "upstream does not give what it says its tag '" + name.name() + "' is");
}

// What cannot be written down is asked again.
task<void> manifest_source::record(repository_target const& t, oci::tag const& name, resolved_tag const& r,
                                   reason why) {
    parts_.absences.forget(t.flight_key(), path_of(name.name()));
    auto put = [&]() -> store::result<void> {
        auto& index = parts_.content.index();
        auto before = index.find_tag(t.name, name);
        if (!before)
            return before.error();
        bool const moved = !*before || (*before)->digest != r.digest;
        if (why == reason::revalidation && *before)
            t.from->note_revalidation(moved);
        return index.put_tag(t.name, name, {r.digest, r.checked_at, moved ? r.checked_at : (*before)->updated_at});
    };
    auto done = co_await on_disk(parts_.disk, put);
    if (!done)
        spdlog::warn("{}:{}: not recorded: {}", t.name, name.name(), done.error().message);
}

task<void> manifest_source::forget(repository_target const& t, oci::tag const& name) {
    auto remove = [&] { return parts_.content.index().remove_tag(t.name, name); };
    auto removed = co_await on_disk(parts_.disk, remove);
    if (!removed)
        spdlog::warn("{}:{}: gone at upstream, but not forgotten: {}", t.name, name.name(), removed.error().message);
}

bool manifest_source::is_absent(repository_target const& t, std::string_view reference) {
    return parts_.absences.holds(t.flight_key(), path_of(reference), parts_.now());
}

} // namespace proxy
