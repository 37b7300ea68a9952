#include "proxy/upstream/origin.h"

#include "oci/charset.h"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace proxy {

namespace urls = boost::urls;

namespace {

constexpr std::size_t max_url_size = 16 * 1024;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return out;
}

std::string bracketed(std::string const& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// What RFC 3986 allows nowhere, but servers send all the same: spaces, quotes, bytes above ASCII.
std::string escaped(std::string_view text) {
    constexpr std::string_view never_allowed = " \"<>\\^`{|}";
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (unsigned char c : text) {
        if (c > 0x20 && c < 0x7f && never_allowed.find(char(c)) == std::string_view::npos) {
            out += char(c);
        } else {
            out += '%';
            out += hex[c >> 4];
            out += hex[c & 15];
        }
    }
    return out;
}

std::string_view view(urls::string_view s) {
    return {s.data(), s.size()};
}

std::optional<location> from_url(urls::url_view const& url) {
    bool const tls = url.scheme_id() == urls::scheme::https;
    if (!tls && url.scheme_id() != urls::scheme::http)
        return {};
    if (url.host_type() == urls::host_type::none || url.host_type() == urls::host_type::ipvfuture)
        return {};

    location out;
    out.at.tls = tls;
    out.at.host = lower(std::string_view(url.host_address()));
    out.at.port = tls ? 443 : 80;
    if (out.at.host.empty())
        return {};
    if (url.has_port() && !url.port().empty()) {
        out.at.port = url.port_number(); // 0 if it does not fit
        if (out.at.port == 0)
            return {};
    }
    // A decoded %0D, "?" or ":" must not get into a Host field, nor be taken for the end of the host.
    bool const is_name = url.host_type() == urls::host_type::name;
    for (char c : out.at.host)
        if (!oci::charset::is(c, oci::charset::lower_alnum) && c != '.' && c != '-' && c != '_' &&
            (is_name || c != ':'))
            return {};

    out.target = url.encoded_path().empty() ? "/" : std::string(view(url.encoded_path()));
    if (out.target.front() != '/')
        return {};
    if (url.has_query())
        out.target.append("?").append(view(url.encoded_query()));
    if (out.at.to_string().size() + out.target.size() > max_url_size) // escaping makes it longer than what came
        return {};
    return out;
}

} // namespace

std::string origin::host_field() const {
    std::string out = bracketed(host);
    if (port != (tls ? 443 : 80))
        out += ":" + std::to_string(port);
    return out;
}

std::string origin::to_string() const {
    return (tls ? "https://" : "http://") + host_field();
}

bool origin::is_address() const {
    boost::system::error_code ec;
    boost::asio::ip::make_address(host, ec);
    return !ec;
}

origin origin_of(endpoint_config const& endpoint) {
    return {endpoint.tls, lower(endpoint.host), endpoint.port};
}

std::optional<location> parse_location(std::string_view text) {
    if (text.size() > max_url_size)
        return {};
    auto const safe = escaped(text);
    auto url = urls::parse_uri(safe);
    if (!url)
        return {};
    return from_url(*url);
}

std::optional<location> resolve_location(location const& from, std::string_view field) {
    if (field.empty() || field.size() > max_url_size)
        return {};
    auto const safe = escaped(field);
    auto reference = urls::parse_uri_reference(safe);
    if (!reference)
        return {};
    if (reference->has_scheme())
        return from_url(*reference);

    auto const base_text = from.at.to_string() + from.target;
    auto base = urls::parse_uri(base_text);
    if (!base)
        return {};
    urls::url resolved(*base);
    if (!resolved.resolve(*reference))
        return {};
    return from_url(resolved);
}

} // namespace proxy
