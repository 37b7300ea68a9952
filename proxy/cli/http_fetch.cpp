#include "proxy/cli/http_fetch.h"

#include "proxy/access/jws.h"
#include "proxy/cli/text_table.h"
#include "proxy/json_fields.h"
#include "proxy/runtime/environment.h"
#include "proxy/runtime/small_file.h"
#include "proxy/upstream/tls_context.h"

#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace proxy {
namespace {

namespace http = beast::http;

constexpr std::size_t reason_max = 1000;

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

using request = http::request<http::string_body>;

// Of the errors that registries answer with: before the admin API itself was reached.
std::string_view first_message(boost::json::object const& said) {
    auto const& errors = list_at(said, {"errors"});
    return errors.empty() || !errors[0].is_object() ? std::string_view() : text_at(errors[0].get_object(), {"message"});
}

// A refusal in the admin API's own words, or what else can be said of the answer.
error refused(endpoint_config const& at, std::string const& path, http::response<http::string_body> const& answer) {
    if (answer.result_int() == 401)
        return internal_error(fmt::format("{} wants a login: put the name of a file with a token into ${} "
                                          "(layerd token issue --scope admin)",
                                          at.to_string(), token_file_variable));
    auto const said = parse_object(answer.body());
    if (auto const reason = said ? text_at(*said, {"error"}) : std::string_view(); !reason.empty())
        return internal_error(printable(reason, reason_max));
    bool const denied = answer.result_int() == 403;
    if (auto const reason = said && denied ? first_message(*said) : std::string_view(); !reason.empty())
        return internal_error(printable(reason, reason_max));
    return internal_error(
        fmt::format("{}{} answered {}: is this the admin API of layerd?", at.to_string(), path, answer.result_int()));
}

using response_parser = http::response_parser<http::string_body>;

template <class Stream>
task<error_code> converse(Stream& stream, request& question, response_parser& answer) {
    error_code ec;
    co_await http::async_write(stream, question, net::redirect_error(use_task, ec));
    if (ec)
        co_return ec;
    beast::flat_buffer buffer;
    co_await http::async_read(stream, buffer, answer, net::redirect_error(use_task, ec));
    co_return ec;
}

// The server's certificate must be of a CA that this system trusts, or of those in the file that SSL_CERT_FILE names.
task<error_code> converse_by_tls(tcp_stream& stream, std::string const& host, request& question,
                                 response_parser& answer) {
    auto context = make_tls_context({});
    net::ssl::stream<tcp_stream&> tls(stream, context);
    if (error_code not_a_name; net::ip::make_address(host, not_a_name), not_a_name)
        SSL_set_tlsext_host_name(tls.native_handle(), host.c_str());
    tls.set_verify_callback(net::ssl::host_name_verification(host));
    error_code ec;
    co_await tls.async_handshake(net::ssl::stream_base::client, net::redirect_error(use_task, ec));
    if (ec)
        co_return ec;
    co_return co_await converse(tls, question, answer);
}

// Nothing if none is to be shown.
result<std::string> token_to_show() {
    auto const* file = own_environment()(token_file_variable);
    if (file == nullptr)
        return std::string();
    auto token = read_small_file(file, max_token_size);
    while (token && !token->empty() && token->back() <= ' ')
        token->pop_back();
    return token;
}

task<result<std::string>> ask(endpoint_config const& at, std::string path, request question, deadline d) {
    auto const token = token_to_show();
    if (!token)
        co_return token.error();
    if (!token->empty())
        question.set(http::field::authorization, "Bearer " + *token);
    auto const home = co_await net::this_coro::executor;
    error_code ec;
    tcp_resolver resolver(home);
    auto const found =
        co_await resolver.async_resolve(at.host, std::to_string(at.port), net::redirect_error(use_task, ec));
    if (ec)
        co_return unreachable(at, ec);
    bool const stays_here =
        std::ranges::all_of(found, [](auto const& each) { return each.endpoint().address().is_loopback(); });
    if (!token->empty() && !at.tls && !stays_here)
        co_return internal_error(
            fmt::format("the token is not shown to {}: only to https://, or on this machine", at.to_string()));

    tcp_stream stream(home);
    stream.expires_at(d.at());
    co_await stream.async_connect(found, net::redirect_error(use_task, ec));
    if (ec)
        co_return unreachable(at, ec);

    question.target(at.path + path);
    auto const port = at.port == (at.tls ? 443 : 80) ? std::string() : fmt::format(":{}", at.port);
    question.set(http::field::host, at.host.find(':') == at.host.npos ? at.host + port : '[' + at.host + ']' + port);
    question.set(http::field::user_agent, "layerd/" LAYERD_VERSION);
    question.set(http::field::connection, "close");
    question.prepare_payload();
    response_parser answer;
    answer.body_limit(max_document_size);
    if (at.tls)
        ec = co_await converse_by_tls(stream, at.host, question, answer);
    else
        ec = co_await converse(stream, question, answer);
    if (ec)
        co_return unreachable(at, ec);
    if (answer.get().result() != http::status::ok)
        co_return refused(at, path, answer.get());
    co_return std::move(answer.get().body());
}

} // namespace

boost::system::result<endpoint_config, std::string> parse_admin_url(std::string_view text) {
    auto at = parse_endpoint(text);
    if (!at)
        return std::string("must be a URL such as \"http://127.0.0.1:5001\"");
    return at;
}

task<result<std::string>> http_fetch(endpoint_config const& at, std::string path, deadline d) {
    return ask(at, std::move(path), request(http::verb::get, "", 11), d);
}

task<result<std::string>> http_post(endpoint_config const& at, std::string path, std::string json, deadline d) {
    request command(http::verb::post, "", 11, std::move(json));
    command.set(http::field::content_type, "application/json");
    return ask(at, std::move(path), std::move(command), d);
}

} // namespace proxy
