#include "proxy/upstream/token.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>

namespace proxy {

namespace {

constexpr std::size_t max_scopes = 16;

std::string query_value(std::string_view text) {
    return boost::urls::encode({text.data(), text.size()}, boost::urls::unreserved_chars);
}

std::vector<std::string> split_scopes(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty() && out.size() < max_scopes) {
        auto const end = std::min(text.find(' '), text.size());
        if (end != 0)
            out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string string_member(boost::json::object const& o, std::string_view name) {
    auto const* v = o.if_contains({name.data(), name.size()});
    if (!v || !v->is_string())
        return {};
    return std::string(v->as_string().c_str(), v->as_string().size());
}

std::chrono::seconds life_of(boost::json::object const& o) {
    auto const* v = o.if_contains("expires_in");
    double told = 0;
    if (v && v->is_number())
        told = v->to_number<double>();
    if (!(told >= 1))
        return token::default_life;
    return std::chrono::seconds(static_cast<std::int64_t>(std::min(told, double(token::max_life.count()))));
}

} // namespace

location token_request::url() const {
    location out = realm;
    char separator = realm.target.find('?') == std::string::npos ? '?' : '&';
    auto add = [&](std::string_view name, std::string_view value) {
        out.target.append(1, separator).append(name).append("=").append(query_value(value));
        separator = '&';
    };
    if (!service.empty())
        add("service", service);
    for (auto const& s : scopes)
        add("scope", s);
    return out;
}

result<token_request> parse_bearer(oci::challenge const& challenge, oci::repository const& repo) {
    auto const realm = parse_location(challenge.param("realm"));
    if (!realm)
        return error{oci::errc::denied, error_source::upstream, retry_class::next_endpoint, 403,
                     "upstream asks for a token of a realm that is not a URL"};
    token_request out{*realm, std::string(challenge.param("service")), split_scopes(challenge.param("scope"))};
    if (out.scopes.empty())
        out.scopes.push_back("repository:" + repo.name() + ":pull");
    return out;
}

result<token> parse_token(std::string_view body) {
    boost::system::error_code ec;
    auto const document = boost::json::parse({body.data(), body.size()}, ec);
    if (ec || !document.is_object())
        return upstream_error(502, "the token server's answer is not a JSON object");
    auto const& o = document.get_object();
    token out;
    out.value = secret(string_member(o, "token"));
    if (out.value.empty())
        out.value = secret(string_member(o, "access_token"));
    bool const usable = std::ranges::all_of(out.value.text(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
    if (out.value.text().size() > token::max_size)
        return upstream_error(502, "the token server's answer holds a token that is too long");
    if (out.value.empty() || !usable)
        return upstream_error(502, "the token server's answer holds no usable token");
    out.life = life_of(o);
    return out;
}

} // namespace proxy
