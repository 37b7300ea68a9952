#include "proxy/pull/manifest_source.h"

#include "oci/manifest.h"
#include "proxy/pull/lookup.h"

#include <spdlog/spdlog.h>

#include <ctime>

namespace proxy {

namespace {

error manifest_unknown(std::string_view reference) {
    return from_oci({oci::errc::manifest_unknown, "no manifest '" + std::string(reference) + "' at upstream"});
}

// Registries answer 401 or 403 for what does not exist as readily as for what is private.
error without_denial(error e, std::string_view reference) {
    if (e.source == error_source::upstream && e.code == oci::errc::denied)
        return from_oci({oci::errc::manifest_unknown,
                         "upstream has no manifest '" + std::string(reference) + "' or refuses access to it"});
    return e;
}

result<void> check_status(upstream_response const& response, std::string_view reference) {
    if (response.status() == 200)
        return {};
    if (response.status() == 404)
        return manifest_unknown(reference);
    return upstream_error(502, fmt::format("upstream answered {} to a manifest request", response.status()));
}

} // namespace

task<result<manifest_source::manifest_ptr>> manifest_source::stored(repository_target const& t, oci::digest const& d) {
    auto& content = parts_.content;
    auto link_of = [&](store::access a) { return content.index().find_link(t.name, d, a); };
    auto link = co_await look_up(parts_.disk, link_of);
    if (!link)
        co_return from_store(link.error());
    if (!*link)
        co_return manifest_ptr();
    auto blob_of = [&](store::access a) { return content.open_blob(d, a); };
    auto blob = co_await look_up(parts_.disk, blob_of);
    if (!blob)
        co_return from_store(blob.error());
    if (!*blob)
        co_return manifest_ptr();
    auto& [info, file] = **blob;
    // The same bytes can be a blob elsewhere; what they are here, the link knows.
    bool const is_manifest =
        info.kind == store::object_kind::manifest || (!t.from && (*link)->kind == store::object_kind::manifest);
    if (!is_manifest)
        co_return manifest_ptr();
    auto const& type = t.from ? info.media_type : (*link)->media_type;
    if (file->in_memory())
        co_return std::make_shared<served_manifest const>(d, type, std::string(file->bytes()));
    auto read = [&]() -> store::result<std::string> {
        std::string bytes(file->size(), '\0');
        auto n = file->read(0, std::as_writable_bytes(std::span(bytes)));
        if (!n)
            return n.error();
        bytes.resize(*n);
        return bytes;
    };
    auto bytes = co_await on_disk(parts_.disk, read);
    if (!bytes)
        co_return from_store(bytes.error());
    co_return std::make_shared<served_manifest const>(d, type, std::move(*bytes));
}

task<result<manifest_source::manifest_ptr>> manifest_source::fetch(worker& w, repository_target const& t,
                                                                   oci::digest const& d) {
    auto work = [this, &w, t, d] { return download(w, t, d); };
    auto answer = co_await fetches_.run(w, t.name + "@" + d.to_string(), work);
    co_return std::move(answer.value);
}

task<result<manifest_source::manifest_ptr>> manifest_source::download(worker& w, repository_target t, oci::digest d) {
    auto got = co_await get(w, t, d.to_string());
    if (!got)
        co_return got.error();
    auto kept = co_await keep(t, d, std::move(*got));
    co_return kept;
}

task<result<manifest_source::received>> manifest_source::get(worker& w, repository_target const& t,
                                                             std::string const& reference) {
    auto const until = deadline::after(t.from->config().first_byte_timeout);
    upstream_request request{
        http_method::get, t.repo, "manifests/" + reference, std::string(oci::manifest_accept_list()), {}};
    auto response = co_await t.from->open(w, std::move(request), until);
    if (!response)
        co_return without_denial(response.error(), reference);
    auto usable = check_status(*response, reference);
    if (!usable)
        co_return usable.error();
    auto body = co_await response->read_all(oci::max_manifest_size, until);
    if (!body)
        co_return body.error();
    auto type = std::string(oci::strip_parameters(response->header("Content-Type")));
    co_return received{std::move(type), std::move(*body)};
}

// Verifies, stores and links, all on the disk pool: hashing and parsing a hostile manifest of 4 MiB takes a while. A
// document that we cannot parse is kept as it is: its digest is right.
task<result<manifest_source::manifest_ptr>> manifest_source::keep(repository_target const& t, oci::digest const& d,
                                                                  received r) {
    auto work = [&] { return verify_and_store(t, d, std::move(r)); };
    auto kept = co_await on_disk(parts_.disk, work);
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
    auto served = std::make_shared<served_manifest>(d, m.media_type, std::move(r.body));
    served->kept = put.has_value();
    return manifest_ptr(std::move(served));
}

task<result<resolved_tag>> manifest_source::resolve(worker& w, repository_target const& t, oci::tag const& name) {
    auto work = [this, &w, t, name] { return ask(w, t, name); };
    auto answer = co_await resolutions_.run(w, t.name + ":" + name.name(), work);
    co_return std::move(answer.value);
}

task<result<resolved_tag>> manifest_source::ask(worker& w, repository_target t, oci::tag name) {
    auto const until = deadline::after(t.from->config().first_byte_timeout);
    upstream_request request{
        http_method::head, t.repo, "manifests/" + name.name(), std::string(oci::manifest_accept_list()), {}};
    auto response = co_await t.from->open(w, std::move(request), until);
    if (!response)
        co_return without_denial(response.error(), name.name());
    if (response->status() == 404) {
        auto forget = [&] { return parts_.content.index().remove_tag(t.name, name); };
        co_await on_disk(parts_.disk, forget);
        co_return manifest_unknown(name.name());
    }
    auto d = oci::digest::parse(response->header("Docker-Content-Digest"));
    // Some registries know no HEAD, or leave the digest out of its answer.
    if (response->status() != 200 || !d) {
        auto by_get = co_await ask_by_get(w, t, name);
        co_return by_get;
    }
    auto type = std::string(oci::strip_parameters(response->header("Content-Type")));
    resolved_tag found{*d, std::time(nullptr), std::move(type), response->content_length()};
    auto recorded = co_await record(t, name, found);
    if (!recorded)
        spdlog::warn("{}:{}: not recorded: {}", t.name, name.name(), for_log(recorded.error()));
    co_return found;
}

task<result<resolved_tag>> manifest_source::ask_by_get(worker& w, repository_target const& t, oci::tag const& name) {
    auto got = co_await get(w, t, name.name());
    if (!got)
        co_return got.error();
    auto const d = oci::digest::of(got->body);
    auto const size = got->body.size();
    auto kept = co_await keep(t, d, std::move(*got));
    if (!kept)
        co_return kept.error();
    resolved_tag found{d, std::time(nullptr), (*kept)->media_type, size};
    auto recorded = co_await record(t, name, found);
    if (!recorded)
        spdlog::warn("{}:{}: not recorded: {}", t.name, name.name(), for_log(recorded.error()));
    co_return found;
}

task<result<void>> manifest_source::record(repository_target const& t, oci::tag const& name, resolved_tag const& r) {
    auto put = [&]() -> store::result<void> {
        auto& index = parts_.content.index();
        auto before = index.find_tag(t.name, name);
        if (!before)
            return before.error();
        bool const moved = !*before || (*before)->digest != r.digest;
        return index.put_tag(t.name, name, {r.digest, r.checked_at, moved ? r.checked_at : (*before)->updated_at});
    };
    auto done = co_await on_disk(parts_.disk, put);
    if (!done)
        co_return from_store(done.error());
    co_return result<void>();
}

} // namespace proxy
