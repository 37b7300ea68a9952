#include "proxy/http/entrances.h"

#include "proxy/runtime/spawn.h"

#include <fmt/format.h>

#include <utility>

namespace proxy {
namespace {

tcp::endpoint endpoint_of(address const& a) {
    return {net::ip::make_address(a.host), a.port};
}

address address_of(listener const& l) {
    auto const at = l.local_endpoint();
    return {at.address().to_string(), at.port(), l.speaks_tls()};
}

} // namespace

result<identity_keeper const*> entrances::identity_if(bool tls) {
    if (tls && !certificates_) {
        auto opened =
            identity_keeper::open({parts_.settings.server.certificates, parts_.settings.access.client_ca_file});
        if (!opened)
            return opened.error();
        certificates_ = std::move(*opened);
    }
    return tls ? certificates_.get() : nullptr;
}

result<std::vector<address>> entrances::open(role r, std::vector<address> const& wanted,
                                             std::vector<inherited_sockets::socket> opened) {
    std::vector<address> bound;
    for (auto& each : opened) {
        auto const identity = identity_if(each.tls);
        if (!identity)
            return identity.error();
        listeners_.push_back(
            std::make_unique<listener>(std::move(each.listening), workers_, r.answers, r.clients, parts_, *identity));
        bound.push_back(address_of(*listeners_.back()));
    }
    if (!bound.empty())
        return bound;
    for (auto const& a : wanted) {
        auto const identity = identity_if(a.tls);
        if (!identity)
            return identity.error();
        try {
            listeners_.push_back(
                std::make_unique<listener>(endpoint_of(a), workers_, r.answers, r.clients, parts_, *identity));
        } catch (boost::system::system_error const& e) {
            return internal_error(fmt::format("cannot listen on {}: {}", a.to_string(), e.code().message()));
        }
        bound.push_back(address_of(*listeners_.back()));
    }
    return bound;
}

void entrances::run() {
    for (auto& l : listeners_)
        spawn(workers_.front()->home.executor(), "listener", [&l = *l] { return l.run(); });
}

void entrances::close() {
    for (auto& l : listeners_)
        l->close();
}

void entrances::look_at_certificates(std::int64_t now) {
    if (certificates_)
        certificates_->look(now);
}

std::map<std::string, std::int64_t> entrances::certificate_expiry() const {
    std::map<std::string, std::int64_t> all;
    if (!certificates_)
        return all;
    auto const identity = certificates_->current();
    for (auto const& c : identity->lives())
        all[c.file.string()] = c.expires;
    return all;
}

} // namespace proxy
