#include "proxy/hosted/manifest_push.h"

#include "oci/referrer.h"
#include "proxy/hosted/push_error.h"

namespace proxy {

namespace {

constexpr std::chrono::minutes document_time{2}; // 4 MiB by 35 KB a second

// The tag of the path, and those of ?tag=.
result<std::vector<oci::tag>> tags_of(oci::reference const& ref, oci::query const& q) {
    std::vector<oci::tag> tags;
    if (auto const* t = std::get_if<oci::tag>(&ref))
        tags.push_back(*t);
    for (auto const& [key, value] : q.items) {
        if (key != "tag")
            continue;
        auto t = oci::tag::parse(value);
        if (!t)
            return from_oci(t.error());
        tags.push_back(*std::move(t));
    }
    return tags;
}

// What cannot be read now would be served for ever.
result<oci::manifest> parse(std::string_view body, std::string_view content_type) {
    auto parsed = oci::parse_pushed_manifest(body, content_type);
    if (!parsed)
        return from_oci(parsed.error());
    if (parsed->misnamed)
        return from_oci({oci::errc::manifest_invalid, "the document has no \"mediaType\", and does not look like " +
                                                          parsed->media_type + ", which it was sent as"});
    return *std::move(parsed);
}

} // namespace

result<manifest_push::accepted> manifest_push::take(repository_target const& t, oci::reference const& ref,
                                                    std::vector<oci::tag> const& tags, std::string_view content_type,
                                                    std::string const& body) {
    auto const* named = std::get_if<oci::digest>(&ref);
    auto const d = oci::digest::of(body, named ? named->algo() : oci::algorithm::sha256);
    if (named && d != *named)
        return from_oci({oci::errc::digest_invalid, "the manifest's digest is " + d.to_string()});
    auto const parsed = parse(body, content_type);
    if (!parsed)
        return parsed.error();
    store::pushed_manifest m{d, body, *parsed, tags, {}};
    if (parsed->subject)
        m.descriptor = oci::referrer_descriptor(d, body.size(), *parsed);
    if (auto put = parts_.content.hosted().put_manifest(t.name, m); !put)
        return for_pusher(put.error());
    accepted done{d, std::nullopt};
    if (parsed->subject)
        done.subject = parsed->subject->digest;
    return done;
}

task<result<void>> manifest_push::handle(exchange& x, oci::route const& r, repository_target const& t,
                                         oci::reference const& ref) {
    x.content = content_class::manifest;
    auto tags = tags_of(ref, r.query);
    if (!tags)
        co_return tags.error();
    x.body().come_within(document_time);
    auto body = co_await x.body().read(oci::max_manifest_size);
    if (!body)
        co_return body.error();
    x.count_pushed(body->size());
    auto const type = x.req().header(http_field::content_type);
    auto work = [&] { return take(t, ref, *tags, type, *body); };
    auto done = co_await on_disk(parts_.disk.for_document(body->size()), work);
    if (!done)
        co_return done.error();
    auto const name = done->digest.to_string();
    auto head = x.begin(201);
    head.field("Location", "/v2/" + t.name + "/manifests/" + name).field("Docker-Content-Digest", name);
    if (done->subject)
        head.field("OCI-Subject", done->subject->to_string());
    if (r.query.find("tag"))
        for (auto const& each : *tags)
            head.field("OCI-Tag", each.name());
    head.field("Cache-Status", "layerd; detail=local");
    co_return co_await x.reply(head, {});
}

} // namespace proxy
