#include "proxy/upstream/realm_trust.h"

#include "oci/charset.h"
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>

namespace proxy {

namespace {

// Below these each name may have another owner.
constexpr std::array shared_domains = {
    "amazonaws.com",
    "amazonaws.com.cn",
    "azurecr.io",
    "azurewebsites.net",
    "cloudapp.azure.com",
    "azurefd.net",
    "cloudfront.net",
    "fly.dev",
    "github.io",
    "githubpreview.dev",
    "gitlab.io",
    "googleapis.com",
    "herokuapp.com",
    "netlify.app",
    "ngrok.io",
    "ngrok-free.app",
    "ondigitalocean.app",
    "onrender.com",
    "pages.dev",
    "pkg.dev",
    "r2.dev",
    "run.app",
    "scw.cloud",
    "trycloudflare.com",
    "vercel.app",
    "web.app",
    "workers.dev",
    "duckdns.org",
    "nip.io",
    "sslip.io",
    "jfrog.io",
    "quay.app",
    "appspot.com",
    "firebaseapp.com",
    "railway.app",
};

// Second levels under which countries register: "co.uk", "com.au".
constexpr std::array country_second_levels = {"ac", "co",  "com", "edu", "gob", "gov",  "go",  "mil",
                                              "ne", "net", "nom", "or",  "org", "asso", "ltd", "gv"};

bool below(std::string_view host, std::string_view domain) {
    return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

// The last `labels` labels of host; all of it if it has no more.
std::string_view last_labels(std::string_view host, int labels) {
    auto at = host.size();
    while (labels-- > 0) {
        if (at == 0)
            return host;
        at = host.rfind('.', at - 1);
        if (at == std::string_view::npos)
            return host;
    }
    return host.substr(at + 1);
}

bool is_address(std::string_view host) {
    boost::system::error_code ec;
    boost::asio::ip::make_address(std::string(host), ec);
    return !ec;
}

} // namespace

std::string_view registrable_domain(std::string_view host) {
    if (is_address(host) || host.find('.') == std::string_view::npos)
        return host;
    if (std::ranges::any_of(shared_domains, [&](std::string_view d) { return host == d || below(host, d); }))
        return host;
    auto const two = last_labels(host, 2);
    auto const dot = two.find('.');
    bool const under_country =
        two.size() - dot - 1 == 2 &&
        std::ranges::find(country_second_levels, two.substr(0, dot)) != country_second_levels.end();
    return under_country ? last_labels(host, 3) : two;
}

bool is_listed_realm(origin const& realm, std::vector<std::string> const& token_hosts) {
    auto const listed = [&](std::string const& h) { return oci::charset::equal_ignoring_case(h, realm.host); };
    return std::ranges::any_of(token_hosts, listed);
}

bool is_trusted_realm(origin const& realm, origin const& registry, std::vector<std::string> const& token_hosts) {
    if (!realm.tls && registry.tls)
        return false;
    if (realm.host == registry.host)
        return true;
    if (is_listed_realm(realm, token_hosts))
        return true;
    auto const ours = registrable_domain(registry.host);
    return ours.find('.') != std::string_view::npos && !registry.is_address() && registrable_domain(realm.host) == ours;
}

} // namespace proxy
