#include "proxy/pull/listing_handler.h"

#include "oci/media_type.h"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <spdlog/fmt/fmt.h>

namespace proxy {

namespace {

constexpr std::size_t max_list_size = 16 * 1024 * 1024;

std::string escaped(std::string_view text) {
    return boost::urls::encode(text, boost::urls::unreserved_chars);
}

// "?a=b&c=d" of the parameters that upstream understands; ours (`ns`) stays here.
std::string query_for_upstream(oci::query const& q, std::initializer_list<std::string_view> names) {
    std::string text;
    for (auto const& [key, value] : q.items)
        for (auto name : names)
            if (key == name)
                text.append(text.empty() ? "?" : "&").append(key).append("=").append(escaped(value));
    return text;
}

} // namespace

std::string next_page_here(std::string_view target, std::string_view link, std::string_view ns) {
    auto const open = link.find('<');
    auto const close = link.find('>');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return {};
    if (link.find("next", close) == std::string_view::npos)
        return {};
    auto const there = link.substr(open + 1, close - open - 1);
    auto const mark = there.find('?');
    if (mark == std::string_view::npos)
        return {};
    std::string here(target.substr(0, target.find('?')));
    here.append(there.substr(mark));
    if (!ns.empty())
        here.append("&ns=").append(escaped(ns));
    return here;
}

task<result<void>> listing_handler::tags(exchange& x, oci::route const& r, repository_target const& t) {
    if (!t.from)
        co_return from_oci({oci::errc::name_unknown, "repository " + t.name + " is not known"});
    auto const until = deadline::after(t.from->config().first_byte_timeout);
    upstream_request request{
        http_method::get, t.repo, "tags/list" + query_for_upstream(r.query, {"n", "last"}), {}, {}};
    auto response = co_await t.from->open(x.local().home, std::move(request), until);
    if (!response && response.error().code != oci::errc::denied)
        co_return response.error();
    if (!response || response->status() == 404)
        co_return from_oci({oci::errc::name_unknown, "upstream has no repository " + t.repo.name()});
    if (response->status() == 400)
        co_return from_oci({oci::errc::pagination_number_invalid, "upstream refuses this page size"});
    if (response->status() != 200)
        co_return upstream_error(502, fmt::format("upstream answered {} to a tag list", response->status()));
    auto const next = next_page_here(x.req().target(), response->header("Link"), x.ns);
    auto body = co_await response->read_all(max_list_size, until);
    if (!body)
        co_return body.error();
    auto head = x.begin(200);
    head.field("Content-Type", "application/json").field("Cache-Status", "layerd; fwd=bypass");
    if (!next.empty())
        head.field("Link", "<" + next + ">; rel=\"next\"");
    co_return co_await x.reply(head, *body);
}

task<result<void>> listing_handler::referrers(exchange& x, oci::route const& r, repository_target const& t,
                                              oci::digest const& d) {
    auto const no_api = from_oci({oci::errc::manifest_unknown, "upstream does not serve the referrers API"});
    if (!t.from)
        co_return no_api;
    auto const until = deadline::after(t.from->config().first_byte_timeout);
    auto path = "referrers/" + d.to_string() + query_for_upstream(r.query, {"artifactType", "n", "last"});
    upstream_request request{http_method::get, t.repo, std::move(path), std::string(oci::media_type::oci_index), {}};
    request.follow_redirects = false; // some registries lead this path to a page for people
    auto response = co_await t.from->open(x.local().home, std::move(request), until);
    if (!response && response.error().code != oci::errc::denied)
        co_return response.error();
    if (!response || response->status() != 200)
        co_return no_api;
    if (oci::strip_parameters(response->header("Content-Type")) != oci::media_type::oci_index)
        co_return no_api;
    auto const next = next_page_here(x.req().target(), response->header("Link"), x.ns);
    auto const filters = std::string(response->header("OCI-Filters-Applied"));
    auto body = co_await response->read_all(max_list_size, until);
    if (!body)
        co_return body.error();
    auto head = x.begin(200);
    head.field("Content-Type", oci::media_type::oci_index).field("Cache-Status", "layerd; fwd=bypass");
    if (!filters.empty())
        head.field("OCI-Filters-Applied", filters);
    if (!next.empty())
        head.field("Link", "<" + next + ">; rel=\"next\"");
    co_return co_await x.reply(head, *body);
}

} // namespace proxy
