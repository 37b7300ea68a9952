#include "proxy/hosted/hosted_lists.h"

#include "proxy/hosted/paging.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proxy {

namespace json = boost::json;

namespace {

constexpr std::size_t max_tags = 10'000; // of one page, also where the client asks for no pages
constexpr std::size_t usual_catalog = 100;
constexpr std::size_t max_catalog = 1000;

// A token for no repository, such as a login's or one for "registry:catalog:*", may have been made for this.
bool is_listed(rights const& may, std::string_view name) {
    return may.allow(action::pull, name) && (may.are_for_no_repository() || may.is_asked(action::pull, name, name));
}

// What it is made of is gone before a client, who may be slow, is sent it.
std::string body_of(std::string_view what, std::string_view repo, std::vector<std::string> names) {
    json::object document;
    if (!repo.empty())
        document["name"] = repo;
    document[what] = json::array(names.begin(), names.end());
    return json::serialize(document);
}

} // namespace

task<result<void>> hosted_lists::reply_names(exchange& x, std::string_view what, std::string_view repo,
                                             std::vector<std::string> names, std::string const& next) {
    auto const body = body_of(what, repo, std::move(names));
    auto head = x.begin(200);
    head.field("Content-Type", "application/json").field("Cache-Status", "layerd; detail=local");
    if (!next.empty())
        head.field("Link", next);
    co_return co_await x.reply(head, body);
}

task<result<void>> hosted_lists::tags(exchange& x, oci::route const& r, repository_target const& t) {
    auto const asked = page_size(r.query);
    if (!asked)
        co_return asked.error();
    auto const n = std::min(asked->value_or(max_tags), max_tags);
    auto const last = std::string(r.query.find("last").value_or(std::string_view()));
    auto& index = parts_.content.index();
    auto read = [&]() -> store::result<std::optional<std::vector<std::string>>> {
        using names = std::optional<std::vector<std::string>>;
        auto const known = index.has_links(t.name);
        if (!known)
            return known.error();
        if (!*known)
            return names();
        auto tags = index.tags(t.name, last, n + 1); // one more tells whether there is a next page
        if (!tags)
            return tags.error();
        return names(*std::move(tags));
    };
    auto found = co_await on_disk(parts_.disk, read);
    if (!found)
        co_return from_store(found.error());
    if (!*found)
        co_return from_oci({oci::errc::name_unknown, "nothing was pushed to " + t.name});
    auto& names = **found;
    std::string next;
    if (names.size() > n) {
        names.resize(n);
        if (n > 0)
            next = next_page(x.req().target(), n, names.back());
    }
    co_return co_await reply_names(x, "tags", t.name, std::move(names), next);
}

task<result<void>> hosted_lists::catalog(exchange& x, oci::route const& r) {
    auto const asked = page_size(r.query);
    if (!asked)
        co_return asked.error();
    auto const n = asked->value_or(usual_catalog);
    if (n > max_catalog)
        co_return from_oci({oci::errc::pagination_number_invalid, "n is above " + std::to_string(max_catalog)});
    auto const last = std::string(r.query.find("last").value_or(std::string_view()));
    auto read = [&]() -> store::result<std::vector<std::string>> {
        std::vector<std::string> names;
        for (auto const& prefix : parts_.upstreams.hosted_prefixes()) {
            auto const below = prefix + "/";
            auto after = std::max(below, last);
            while (names.size() <= n) {
                auto const found = parts_.content.index().repositories(after, std::max(n + 1, usual_catalog));
                if (!found)
                    return found.error();
                for (auto const& name : *found)
                    if (name.starts_with(below) && is_listed(x.may, name))
                        names.push_back(name);
                if (found->empty() || !found->back().starts_with(below))
                    break;
                after = found->back();
            }
        }
        return names;
    };
    auto names = co_await on_disk(parts_.disk, read);
    if (!names)
        co_return from_store(names.error());
    std::string next;
    if (names->size() > n) {
        names->resize(n);
        if (n > 0)
            next = next_page(x.req().target(), n, names->back());
    }
    co_return co_await reply_names(x, "repositories", {}, *std::move(names), next);
}

} // namespace proxy
