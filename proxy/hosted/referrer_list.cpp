#include "proxy/hosted/referrer_list.h"

#include "oci/media_type.h"
#include "oci/referrer.h"
#include "proxy/hosted/paging.h"
#include "store/hosted/hosted_repositories.h"

#include <algorithm>
#include <utility>

namespace proxy {

namespace {

constexpr std::size_t max_referrers = 1000;             // of one page, and read at once, or fewer if they are large
constexpr std::size_t max_bytes = 3 * 1024 * 1024;      // of one page: clients read no index above 4 MiB
constexpr std::size_t max_looked_at = 16 * 1024 * 1024; // for one page, which may have nothing on it then

std::string index_of(std::vector<std::string> const& descriptors) {
    std::string body = R"({"schemaVersion":2,"mediaType":")";
    body.append(oci::media_type::oci_index).append(R"(","manifests":[)");
    for (std::size_t i = 0; i < descriptors.size(); ++i)
        body.append(i == 0 ? "" : ",").append(descriptors[i]);
    return body += "]}";
}

} // namespace

// A descriptor that is larger than a page makes one of its own.
bool referrer_list::page::has_room_for(std::string const& descriptor) const {
    return descriptors.size() < size && (descriptors.empty() || bytes + descriptor.size() <= max_bytes);
}

void referrer_list::page::add(std::string_view type, std::string const& descriptor) {
    looked_at += descriptor.size();
    if (!types.empty() && !types.contains(type))
        return;
    descriptors.push_back(descriptor);
    bytes += descriptor.size();
}

store::result<void> referrer_list::read_recorded(page& p, std::string const& repo, oci::digest const& subject,
                                                 std::optional<oci::digest> after) {
    for (;;) {
        auto const more = parts_.content.hosted().referrers(repo, subject, after, max_referrers);
        if (!more)
            return more.error();
        if (more->empty())
            return {};
        for (auto const& one : *more) {
            if (p.looked_at >= max_looked_at || !p.has_room_for(one.descriptor)) {
                p.last = after;
                return {};
            }
            p.add(one.artifact_type, one.descriptor);
            after = one.manifest;
        }
    }
}

// Of the index under the subject's fallback tag; 0: there is none.
store::result<std::uint64_t> referrer_list::fallback_size(std::string const& repo, oci::digest const& subject) const {
    auto const tag = oci::tag::parse(oci::referrers_tag(subject));
    if (!tag)
        return 0;
    auto const known = parts_.content.index().find_tag(repo, *tag);
    if (!known)
        return known.error();
    if (!*known)
        return 0;
    auto const found = parts_.content.find((*known)->digest);
    if (!found)
        return found.error();
    return *found ? (*found)->size : 0;
}

// Behind all that is recorded, which stands on a page already.
store::result<void> referrer_list::read_fallback(page& p, std::string const& repo, oci::digest const& subject) {
    auto const tag = oci::tag::parse(oci::referrers_tag(subject));
    if (!tag)
        return {};
    auto& hosted = parts_.content.hosted();
    auto const body = hosted.read_tagged(repo, *tag);
    if (!body)
        return body.error();
    auto const all = oci::referrers_in_index(*body);
    for (; p.listed < all.size(); ++p.listed) {
        auto const& one = all[p.listed];
        auto const recorded = hosted.is_referrer(repo, subject, one.digest);
        if (!recorded)
            return recorded.error();
        if (*recorded) {
            p.looked_at += one.descriptor.size();
            continue;
        }
        p.more_listed = p.looked_at >= max_looked_at || !p.has_room_for(one.descriptor);
        if (p.more_listed)
            return {};
        p.add(one.artifact_type, one.descriptor);
    }
    return {};
}

task<result<void>> referrer_list::handle(exchange& x, oci::route const& r, repository_target const& t,
                                         oci::digest const& d) {
    auto const asked = page_size(r.query);
    if (!asked)
        co_return asked.error();
    auto const listed = page_size(r.query, "listed");
    if (!listed)
        co_return listed.error();
    page p;
    p.size = std::clamp<std::size_t>(asked->value_or(max_referrers), 1, max_referrers);
    p.listed = listed->value_or(0);
    std::string type_query;
    for (auto const& [key, value] : r.query.items)
        if (key == "artifactType" && p.types.insert(value).second)
            type_query += "&artifactType=" + escaped(value);
    std::optional<oci::digest> after;
    if (auto const last = r.query.find("last"); last && !last->empty()) {
        auto parsed = oci::digest::parse(*last);
        if (!parsed)
            co_return from_oci(parsed.error());
        after = *parsed;
    }

    std::uint64_t left = 0; // bytes that are not read yet
    auto read = [&]() -> store::result<void> {
        auto done = *listed ? store::result<void>() : read_recorded(p, t.name, d, after);
        if (!done || p.last)
            return done;
        auto const size = fallback_size(t.name, d);
        if (!size)
            return size.error();
        left = *size;
        return {};
    };
    auto done = co_await on_disk(parts_.disk, read);
    if (done && left > 0) {
        auto read_more = [&] { return read_fallback(p, t.name, d); };
        done = co_await on_disk(parts_.disk.for_document(left), read_more);
    }
    if (!done)
        co_return from_store(done.error());
    auto head = x.begin(200);
    head.field("Content-Type", oci::media_type::oci_index).field("Cache-Status", "layerd; detail=local");
    if (!p.types.empty())
        head.field("OCI-Filters-Applied", "artifactType");
    if (p.last)
        head.field("Link", next_page(x.req().target(), p.size, p.last->to_string(), type_query));
    else if (p.more_listed)
        head.field("Link", next_page(x.req().target(), p.size, {}, "&listed=" + std::to_string(p.listed) + type_query));
    auto const body = index_of(std::exchange(p.descriptors, {})); // gone before a client, who may be slow, is sent it
    co_return co_await x.reply(head, body);
}

} // namespace proxy
