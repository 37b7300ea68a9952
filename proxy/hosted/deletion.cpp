#include "proxy/hosted/deletion.h"

#include "store/hosted/hosted_repositories.h"

namespace proxy {

task<result<void>> deletion::reply(exchange& x, store::result<bool> removed, error unknown) {
    if (!removed)
        co_return from_store(removed.error());
    if (!*removed)
        co_return unknown;
    auto head = x.begin(202);
    head.field("Cache-Status", "layerd; detail=local");
    co_return co_await x.reply(head, {});
}

task<result<void>> deletion::manifest(exchange& x, repository_target const& t, oci::reference const& ref) {
    x.content = content_class::manifest;
    auto remove = [&] {
        auto& hosted = parts_.content.hosted();
        auto const* d = std::get_if<oci::digest>(&ref);
        return d ? hosted.remove_manifest(t.name, *d) : hosted.remove_tag(t.name, std::get<oci::tag>(ref));
    };
    auto removed = co_await on_disk(parts_.disk, remove);
    auto unknown = from_oci({oci::errc::manifest_unknown, "no manifest '" + oci::to_string(ref) + "' in " + t.name});
    co_return co_await reply(x, std::move(removed), std::move(unknown));
}

task<result<void>> deletion::blob(exchange& x, repository_target const& t, oci::digest const& d) {
    x.content = content_class::blob;
    auto remove = [&] { return parts_.content.hosted().remove_blob(t.name, d); };
    auto removed = co_await on_disk(parts_.disk, remove);
    auto unknown = from_oci({oci::errc::blob_unknown, "no blob " + d.to_string() + " in " + t.name});
    co_return co_await reply(x, std::move(removed), std::move(unknown));
}

} // namespace proxy
