// Where to listen, and where an upstream is: addresses and URLs, checked before anything is opened.
#include "proxy/config/config.h"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace proxy {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (ec != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return port;
}

bool is_host_name(std::string_view host) {
    auto const legal = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    };
    return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
           std::all_of(host.begin(), host.end(), legal);
}

bool is_path(std::string_view path) {
    // What a registry's prefix may hold; anything else would need escapes in every request line.
    auto const legal = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == '~' || c == '/';
    };
    return std::all_of(path.begin(), path.end(), legal) && path.find("//") == path.npos && path.find("/.") == path.npos;
}

} // namespace

std::optional<address> parse_address(std::string_view text) {
    constexpr std::string_view secure = "https://";
    bool const tls = text.starts_with(secure);
    if (tls)
        text.remove_prefix(secure.size());
    auto const colon = text.rfind(':');
    if (colon == text.npos)
        return std::nullopt;
    auto const port = parse_port(text.substr(colon + 1));
    if (!port)
        return std::nullopt;
    auto host = text.substr(0, colon);
    if (host.empty())
        return address{"::", *port, tls};
    if (host == "localhost")
        return address{"127.0.0.1", *port, tls};
    bool const brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (brackets)
        host = host.substr(1, host.size() - 2);
    boost::system::error_code ec;
    auto const ip = boost::asio::ip::make_address(host, ec);
    if (ec || ip.is_v6() != brackets)
        return std::nullopt;
    return address{std::string(host), *port, tls};
}

std::string address::to_string() const {
    bool const ipv6 = host.find(':') != host.npos;
    return fmt::format("{}{}{}{}:{}", tls ? "https://" : "", ipv6 ? "[" : "", host, ipv6 ? "]" : "", port);
}

bool address::is_same_place(address const& other) const noexcept {
    auto const takes = [](std::string const& one, std::string const& another) {
        return one == another || one == "::" || (one == "0.0.0.0" && another.find(':') == another.npos);
    };
    return port != 0 && port == other.port && (takes(host, other.host) || takes(other.host, host));
}

boost::system::result<endpoint_config, std::string> parse_endpoint(std::string_view text) {
    constexpr auto form = "must be a URL such as \"https://registry.example.com\"";
    auto const parsed = boost::urls::parse_uri(text);
    if (!parsed)
        return std::string(form);
    auto const& url = *parsed;
    if (url.scheme_id() != boost::urls::scheme::https && url.scheme_id() != boost::urls::scheme::http)
        return std::string("must begin with https:// or http://");
    if (url.has_userinfo())
        return std::string("must not hold a user name or password: use username and password_file");
    if (url.has_query() || url.has_fragment())
        return std::string("must not have a query or a fragment");

    endpoint_config e;
    e.tls = url.scheme_id() == boost::urls::scheme::https;
    e.port = e.tls ? 443 : 80;
    e.host = url.host_address();
    std::transform(e.host.begin(), e.host.end(), e.host.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    bool const ipv6 = url.host_type() == boost::urls::host_type::ipv6;
    if (!ipv6 && !is_host_name(e.host))
        return std::string(form);
    if (url.has_port()) {
        auto const port = parse_port({url.port().data(), url.port().size()});
        if (!port || *port == 0)
            return std::string("must have a port from 1 to 65535");
        e.port = *port;
    }
    auto const path = url.encoded_path();
    e.path.assign(path.data(), path.size());
    while (e.path.ends_with('/'))
        e.path.pop_back();
    if (!is_path(e.path))
        return std::string("has a path that no registry can have");
    if (e.path.ends_with("/v2"))
        return std::string("must not end in /v2: that is added to every request");
    return e;
}

std::string endpoint_config::to_string() const {
    auto text = fmt::format("{}://", tls ? "https" : "http");
    text += host.find(':') == host.npos ? host : fmt::format("[{}]", host);
    if (port != (tls ? 443 : 80))
        text += fmt::format(":{}", port);
    return text + path;
}

} // namespace proxy
