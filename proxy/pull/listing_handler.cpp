#include "proxy/pull/listing_handler.h"

#include "oci/media_type.h"
#include "proxy/pull/access_check.h"

#include <boost/url/decode_view.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <spdlog/fmt/fmt.h>

#include <vector>

namespace proxy {

namespace {

constexpr std::size_t max_list_size = 16 * 1024 * 1024;
constexpr std::size_t max_held_size = 1024 * 1024; // while a client that takes no chunks takes its time
constexpr std::size_t chunk_size = 64 * 1024;

error too_long() {
    return upstream_error(502, "upstream's list is too long");
}

// How long a body is that nobody wants: read and dropped.
task<result<std::size_t>> length_of(upstream_response& from, milliseconds idle) {
    std::vector<std::byte> buffer(chunk_size);
    for (std::size_t received = 0;;) {
        auto n = co_await from.read_some(buffer, deadline::after(idle));
        if (!n || *n == 0)
            co_return n ? result<std::size_t>(received) : n;
        received += *n;
        if (received > max_list_size)
            co_return too_long();
    }
}

std::string escaped(std::string_view text) {
    return boost::urls::encode(text, boost::urls::unreserved_chars);
}

// As it came, where that can stand in a request's target.
std::string printable(std::string_view text) {
    std::string out;
    for (char const c : text) {
        if (c > ' ' && c < '\x7f' && c != '#' && c != '<' && c != '>')
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

bool is_ns(std::string_view parameter) {
    auto const key = boost::urls::make_pct_string_view(parameter.substr(0, parameter.find('=')));
    return key && **key == "ns"; // however it is spelt
}

// The target's query as it came, but for what is ours (`ns`): upstream's cursor may be any parameter, and be spelt in
// any way.
std::string query_for_upstream(std::string_view target) {
    std::string text;
    auto const mark = std::min(target.find('?'), target.size());
    for (auto rest = target.substr(mark); !rest.empty();) {
        rest.remove_prefix(1);
        auto const item = rest.substr(0, rest.find('&'));
        rest.remove_prefix(item.size());
        if (!item.empty() && !is_ns(item))
            text.append(text.empty() ? "?" : "&").append(printable(item));
    }
    return text;
}

// A list on its way through: a client that takes its time holds one chunk of it, however long it is.
class passed_list : public streamed_body {
public:
    passed_list(upstream_response& from, milliseconds idle, bool sized) : from_(from), idle_(idle), sized_(sized) {}

    task<bool> send_to(sender& to) override {
        std::vector<std::byte> buffer(chunk_size);
        for (std::size_t received = 0;;) {
            to.await_source();
            auto n = co_await from_.read_some(buffer, deadline::after(idle_));
            if (!n || (received += *n) > max_list_size)
                co_return false;
            if (*n == 0)
                break;
            std::string_view const piece(reinterpret_cast<char const*>(buffer.data()), *n);
            if (!co_await send(to, piece))
                co_return false;
        }
        if (sized_)
            co_return true;
        co_return co_await to.end_chunks();
    }

private:
    task<bool> send(sender& to, std::string_view piece) {
        if (sized_)
            return to.send(piece, {});
        return to.send_chunk(piece);
    }

    upstream_response& from_;
    milliseconds const idle_;
    bool const sized_;
};

} // namespace

std::string next_page_here(std::string_view target, std::string_view link, std::string_view ns) {
    auto const open = link.find('<');
    auto const close = link.find('>');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return {};
    if (link.find("next", close) == std::string_view::npos)
        return {};
    auto const there = link.substr(open + 1, close - open - 1);
    auto const cursor = query_for_upstream(there.substr(0, there.find('#')));
    if (cursor.empty())
        return {};
    std::string here(target.substr(0, target.find('?')));
    here.append(cursor);
    if (!ns.empty())
        here.append("&ns=").append(escaped(ns));
    return here;
}

task<result<void>> listing_handler::pass_on(exchange& x, response_head head, upstream_response& from,
                                            milliseconds idle) {
    auto const length = from.content_length();
    if (length.value_or(0) > max_list_size) {
        auto const e = too_long();
        co_return co_await x.reply_error(e);
    }
    if (x.req().is_head() && length)
        co_return co_await x.reply_length_only(head, *length);
    if (x.req().is_head()) {
        auto counted = co_await length_of(from, idle);
        if (!counted)
            co_return co_await x.reply_error(counted.error());
        co_return co_await x.reply_length_only(head, *counted);
    }
    if (!length && !x.req().takes_chunks()) {
        auto body = co_await from.read_all(max_held_size, deadline::after(idle));
        if (!body)
            co_return co_await x.reply_error(body.error());
        co_return co_await x.reply(head, *body);
    }
    passed_list body(from, idle, length.has_value());
    co_return co_await x.reply_stream(head, length, body);
}

task<result<void>> listing_handler::tags(exchange& x, repository_target const& t) {
    if (!t.from)
        co_return from_oci({oci::errc::name_unknown, "repository " + t.name + " is not known"});
    upstream_request request{http_method::get, t.repo, "tags/list" + query_for_upstream(x.req().target()), {}, {}};
    request.as = t.as;
    request.client = t.client;
    auto response = co_await t.from->open(x.local().home, std::move(request), t.until);
    if (!response && !is_denial_of(parts_, t, response.error()))
        co_return response.error();
    if (!response && t.as)
        co_return not_admitted(t);
    if (!response || response->status() == 404)
        co_return from_oci({oci::errc::name_unknown, "upstream has no repository " + t.repo.name()});
    if (response->status() == 400)
        co_return from_oci({oci::errc::pagination_number_invalid, "upstream refuses this page size"});
    if (response->status() != 200)
        co_return upstream_error(502, fmt::format("upstream answered {} to a tag list", response->status()));
    auto const next = next_page_here(x.req().target(), response->header("Link"), x.ns);
    auto head = x.begin(200);
    head.field("Content-Type", "application/json").field("Cache-Status", "layerd; fwd=bypass");
    if (!next.empty())
        head.field("Link", "<" + next + ">; rel=\"next\"");
    co_return co_await pass_on(x, head, *response, t.from->config().idle_timeout);
}

task<result<void>> listing_handler::referrers(exchange& x, repository_target const& t, oci::digest const& d) {
    auto const no_api = from_oci({oci::errc::manifest_unknown, "upstream does not serve the referrers API"});
    if (!t.from)
        co_return no_api;
    auto const path = "referrers/" + d.to_string() + query_for_upstream(x.req().target());
    auto const asked_at = parts_.now();
    if (parts_.absences.holds(t.flight_key(), path, asked_at))
        co_return no_api;
    upstream_request request{http_method::get, t.repo, path, std::string(oci::media_type::oci_index), {}};
    request.as = t.as;
    request.client = t.client;
    request.follow_redirects = false; // some registries lead this path to a page for people
    auto response = co_await t.from->open(x.local().home, std::move(request), t.until);
    if (!response && !is_denial_of(parts_, t, response.error()))
        co_return response.error();
    if (!response && t.as)
        co_return not_admitted(t);
    if (response && response->status() == 404)
        parts_.absences.put(t.flight_key(), path, asked_at, t.from->config().negative_ttl);
    if (!response || response->status() != 200)
        co_return no_api;
    if (oci::strip_parameters(response->header("Content-Type")) != oci::media_type::oci_index)
        co_return no_api;
    auto const next = next_page_here(x.req().target(), response->header("Link"), x.ns);
    auto const filters = std::string(response->header("OCI-Filters-Applied"));
    auto head = x.begin(200);
    head.field("Content-Type", oci::media_type::oci_index).field("Cache-Status", "layerd; fwd=bypass");
    if (!filters.empty())
        head.field("OCI-Filters-Applied", filters);
    if (!next.empty())
        head.field("Link", "<" + next + ">; rel=\"next\"");
    co_return co_await pass_on(x, head, *response, t.from->config().idle_timeout);
}

} // namespace proxy
