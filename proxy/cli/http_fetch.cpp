#include "proxy/cli/http_fetch.h"

#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

namespace proxy {
namespace {

namespace http = beast::http;

std::string reason(error_code ec) {
    if (ec == beast::error::timeout)
        return "no answer in time";
    if (ec == http::error::end_of_stream)
        return "the connection was closed without an answer";
    if (ec == http::error::body_limit)
        return "the answer is too large";
    return ec.message();
}

error unreachable(endpoint_config const& at, error_code ec) {
    auto const hint = ec == net::error::connection_refused ? "; is layerd running there? (--admin URL says where)" : "";
    return internal_error(fmt::format("cannot reach {}: {}{}", at.to_string(), reason(ec), hint));
}

} // namespace

task<result<std::string>> http_fetch(endpoint_config const& at, std::string path, deadline d) {
    auto const home = co_await net::this_coro::executor;
    error_code ec;
    tcp_resolver resolver(home);
    auto const found =
        co_await resolver.async_resolve(at.host, std::to_string(at.port), net::redirect_error(use_task, ec));
    if (ec)
        co_return unreachable(at, ec);

    tcp_stream stream(home);
    stream.expires_at(d.at());
    co_await stream.async_connect(found, net::redirect_error(use_task, ec));
    if (ec)
        co_return unreachable(at, ec);

    http::request<http::empty_body> request(http::verb::get, at.path + path, 11);
    auto const port = at.port == 80 ? std::string() : fmt::format(":{}", at.port);
    request.set(http::field::host, at.host.find(':') == at.host.npos ? at.host + port : '[' + at.host + ']' + port);
    request.set(http::field::user_agent, "layerd/" LAYERD_VERSION);
    request.set(http::field::connection, "close");
    co_await http::async_write(stream, request, net::redirect_error(use_task, ec));
    if (ec)
        co_return unreachable(at, ec);

    beast::flat_buffer buffer;
    http::response_parser<http::string_body> answer;
    answer.body_limit(max_document_size);
    co_await http::async_read(stream, buffer, answer, net::redirect_error(use_task, ec));
    if (ec)
        co_return unreachable(at, ec);
    if (answer.get().result() != http::status::ok)
        co_return internal_error(fmt::format("{}{} answered {}: is this the admin API of layerd?", at.to_string(), path,
                                             answer.get().result_int()));
    co_return std::move(answer.get().body());
}

} // namespace proxy
