#include "proxy/access/oidc_issuer.h"

#include "proxy/json_fields.h"
#include "proxy/runtime/small_file.h"
#include "proxy/upstream/tls_context.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace proxy {

struct oidc_issuer::client {
    client(std::filesystem::path const& ca, executor ex, clock_source now, client_network around)
        : tls(make_tls_context(ca)), http(ex, tls, {patience, patience}, counters, std::move(now), std::move(around)) {}

    net::ssl::context tls;
    upstream_counters counters; // of what is no registry: nobody reads them
    http_client http;
};

oidc_issuer::oidc_issuer(oidc_config c, worker& home, disk_pool& disk, clock_source now, client_network around)
    : config_(std::move(c)), home_(home), disk_(disk), now_(now),
      client_(std::make_unique<client>(config_.ca_file, home.executor(), now, std::move(around))) {}

oidc_issuer::~oidc_issuer() = default;

task<result<boost::json::object>> oidc_issuer::verify(unverified_token t) {
    auto found = co_await key_for(t.key_id());
    if (!found)
        co_return found.error();
    auto const* key = (*found)->find(t.key_id());
    if (key == nullptr)
        co_return from_oci({oci::errc::unauthorized, "the token names a key that its issuer does not have"});
    co_return std::move(t).verified_by(*key);
}

task<result<oidc_issuer::keys>> oidc_issuer::key_for(std::string const& key_id) {
    keys known;
    {
        std::lock_guard const lock(mutex_);
        auto const now = now_();
        auto const age = now - fetched_;
        known = keys_ && age < usable ? keys_ : nullptr;
        bool const enough = known && age < fresh && known->find(key_id) != nullptr;
        bool const too_soon = tried_ && now - *tried_ < pause && !is_fetching_; // a fetch under way is joined
        if (enough || (too_soon && known))
            co_return known;
        if (too_soon)
            co_return overloaded(fmt::format("the keys of {} could not be fetched just now", config_.name));
    }
    auto work = [this] { return fetch(); };
    auto answer = co_await flights_.run(home_, "keys", work);
    if (!answer.value && known)
        co_return known;
    co_return answer.value;
}

task<result<oidc_issuer::keys>> oidc_issuer::fetch() {
    class under_way {
    public:
        explicit under_way(oidc_issuer& of) : of_(of) {
            std::lock_guard const lock(of_.mutex_);
            of_.tried_ = of_.now_();
            of_.is_fetching_ = true;
        }
        ~under_way() {
            std::lock_guard const lock(of_.mutex_);
            of_.is_fetching_ = false;
        }
        under_way(under_way const&) = delete;

    private:
        oidc_issuer& of_;
    };
    under_way const mark(*this);
    auto text = co_await document();
    if (!text)
        spdlog::warn("keys of {} cannot be fetched: {}", config_.name, for_log(text.error()));
    if (!text)
        co_return error{oci::errc::unavailable, error_source::upstream, retry_class::never, 503,
                        fmt::format("the keys of {} cannot be fetched", config_.name)};
    auto set = jwk_set::parse(*text);
    if (!set)
        spdlog::warn("keys of {} cannot be used: {}", config_.name, set.error().message);
    if (!set)
        co_return set.error();
    auto made = std::make_shared<jwk_set const>(*std::move(set));
    std::lock_guard const lock(mutex_);
    keys_ = made;
    fetched_ = now_();
    co_return made;
}

task<result<std::string>> oidc_issuer::document() {
    if (!config_.jwks_file.empty()) {
        auto read = [this] { return read_small_file(config_.jwks_file, jwk_set::max_size); };
        co_return co_await on_disk(disk_, read);
    }
    auto deepest = network_depth::machine;
    if (!config_.jwks_url.empty())
        co_return co_await get(config_.jwks_url, deepest);
    auto base = config_.issuer;
    while (base.ends_with('/'))
        base.pop_back();
    // OpenID Connect Discovery 1.0 §4
    auto about = co_await get(base + "/.well-known/openid-configuration", deepest);
    if (!about)
        co_return about.error();
    auto const o = parse_object(*about);
    if (!o || text_at(*o, {"issuer"}) != config_.issuer)
        co_return upstream_error(502, "what is at its /.well-known/openid-configuration is of another issuer");
    auto const url = std::string(text_at(*o, {"jwks_uri"}));
    co_return co_await get(url, deepest);
}

// To nothing further inside than `deepest`, which then says where the answer may lead.
task<result<std::string>> oidc_issuer::get(std::string const& url, network_depth& deepest) {
    auto to = parse_location(url);
    if (!to)
        co_return upstream_error(502, "its keys are at no URL");
    // Who trusted https in the configuration must not be led away from it.
    auto const trusted = parse_location(config_.jwks_url.empty() ? config_.issuer : config_.jwks_url);
    if ((!trusted || trusted->at.tls) && !to->at.tls)
        co_return upstream_error(502, "its keys are at a URL without https");
    auto const until = deadline::after(patience);
    wire_request request;
    request.to = *std::move(to);
    request.accept = "application/json";
    request.deepest = deepest;
    auto got = co_await client_->http.send(request, until);
    if (!got)
        co_return got.error();
    deepest = client_->http.depth_of(**got);
    if ((*got)->status() != 200)
        co_return upstream_error(502, fmt::format("{} answered {}", request.to.at.to_string(), (*got)->status()));
    co_return co_await (*got)->read_all(jwk_set::max_size, until);
}

} // namespace proxy
