#include "proxy/upstream/http_client.h"

#include "proxy/upstream/transport_error.h"

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace proxy {

namespace http = beast::http;

namespace {

constexpr std::string_view user_agent = "layerd/" LAYERD_VERSION;

bool is_printable(std::string_view text, bool blanks) {
    return std::ranges::all_of(text, [&](unsigned char c) { return (c > 0x20 && c < 0x7f) || (blanks && c == ' '); });
}

// RFC 9110 §14.1.2
std::string range_field(std::uint64_t first, std::optional<std::uint64_t> last) {
    return "bytes=" + std::to_string(first) + "-" + (last ? std::to_string(*last) : std::string());
}

// By hand: the library's message would keep a copy. Into memory that is there already, for a string that grows leaves
// one behind.
void add_authorization(std::string& head, secret const& value) {
    constexpr std::string_view name = "Authorization: ", end = "\r\n";
    if (value.empty())
        return;
    head.reserve(head.size() + name.size() + value.text().size() + end.size());
    head.resize(head.size() - end.size()); // the empty line
    head.append(name).append(value.text()).append(end).append(end);
}

} // namespace

std::optional<std::string> request_head(wire_request const& request) {
    if (request.to.target.empty() || !is_printable(request.to.target, false))
        return {};
    if (!is_printable(request.authorization.text(), true) || !is_printable(request.accept, true))
        return {};

    auto const verb = request.method == http_method::head ? http::verb::head : http::verb::get;
    http::request<http::empty_body> message(verb, request.to.target, 11);
    message.set(http::field::host, request.to.at.host_field());
    message.set(http::field::user_agent, user_agent);
    message.set(http::field::accept_encoding, "identity"); // digests are of the bytes as stored
    if (!request.accept.empty())
        message.set(http::field::accept, request.accept);
    if (request.range_first)
        message.set(http::field::range, range_field(*request.range_first, request.range_last));

    std::string text;
    http::request_serializer<http::empty_body> serializer(message);
    error_code ec;
    while (!ec && !serializer.is_done()) {
        serializer.next(ec, [&](error_code&, auto const& buffers) {
            text += beast::buffers_to_string(buffers);
            serializer.consume(beast::buffer_bytes(buffers));
        });
    }
    if (ec)
        return {};
    add_authorization(text, request.authorization);
    return text;
}

http_client::http_client(executor ex, net::ssl::context& tls, client_timeouts timeouts, upstream_counters& counters,
                         clock_source now, client_network around)
    : executor_(ex), tls_(tls), timeouts_(timeouts), counters_(counters), now_(now), around_(std::move(around)),
      resolver_(ex, now, around_.look_up), pool_(std::make_shared<connection_pool>()) {}

task<result<std::unique_ptr<answer>>> http_client::send(wire_request const& request, deadline d) {
    auto kept = pool_->take(request.to.at, now_(), request.distrusted);
    if (kept && around_.depth_of(kept->address()) > request.deepest)
        kept.close();
    if (kept) {
        auto got = co_await exchange(std::move(kept), request, d);
        if (got || got.error().retry != retry_class::fresh_connection)
            co_return heard(request.to.at, std::move(got));
    }
    auto fresh = co_await connect(request, d);
    if (!fresh)
        co_return fresh.error();
    auto got = co_await exchange(std::move(*fresh), request, d);
    co_return heard(request.to.at, std::move(got));
}

result<std::unique_ptr<answer>> http_client::heard(origin const& from, result<std::unique_ptr<answer>> got) {
    if (!got && got.error().status == 504) {
        pool_->drop(from);
        resolver_.distrust(from.host);
    }
    return got;
}

task<result<connection_lease>> http_client::connect(wire_request const& request, deadline d) {
    auto const& to = request.to.at;
    auto const limit = d.within(timeouts_.connect);
    auto addresses = co_await resolver_.find(to.host, to.port, limit);
    if (!addresses)
        co_return addresses.error();
    std::erase_if(*addresses, [&](auto const& a) { return around_.depth_of(a.address()) > request.deepest; });
    if (addresses->empty())
        co_return upstream_error(502,
                                 fmt::format("{} is further inside this network than who leads there", to.to_string()));
    auto line = std::make_unique<connection>(executor_, to);
    auto const ec = co_await line->open(std::move(*addresses), tls_, limit);
    if (ec) {
        auto e = transport_error(ec, "cannot connect to", to);
        if (!is_overload(e))
            resolver_.distrust(to.host);
        co_return e;
    }
    counters_.connections.fetch_add(1, std::memory_order_relaxed);
    co_return pool_->adopt(std::move(line));
}

task<result<std::unique_ptr<answer>>> http_client::exchange(connection_lease line, wire_request const& request,
                                                            deadline d) {
    auto head = request_head(request);
    if (!head)
        co_return internal_error("a request to upstream that is not HTTP");
    wiped_at_end const sent(*head);
    counters_.requests.fetch_add(1, std::memory_order_relaxed);
    auto const sent_at = now_();
    auto const ec = co_await line->write(*head, d);
    if (ec) {
        auto e = transport_error(ec, "cannot send to", request.to.at);
        if (line.reused() && ec != beast::error::timeout)
            e.retry = retry_class::fresh_connection;
        co_return e;
    }
    auto const body = request.method == http_method::head ? answer::body::none : answer::body::expected;
    auto got = std::make_unique<answer>(std::move(line), body, timeouts_.idle, counters_, now_);
    auto const ready = co_await got->read_head(d);
    if (!ready)
        co_return ready.error();
    counters_.add_first_byte(now_() - sent_at);
    co_return std::move(got);
}

} // namespace proxy
