#include "proxy/upstream/client_login.h"

#include "proxy/basic_login.h"
#include "proxy/keyed_hash.h"
#include "proxy/wipe.h"

namespace proxy {

namespace {

error unauthorized(std::string message) {
    return from_oci({oci::errc::unauthorized, std::move(message)});
}

} // namespace

client_login::client_login(std::string authorization, std::string user)
    : authorization_(std::move(authorization)), id_(is_anonymous() ? "anonymous" : keyed_hash(authorization_)),
      user_(std::move(user)) {}

client_login::~client_login() {
    wipe(authorization_);
}

result<client_login::ptr> client_login::parse(std::string_view authorization) {
    static ptr const anonymous(new client_login({}, {}));
    if (authorization.empty())
        return anonymous;
    auto login = parse_basic(authorization);
    if (!login)
        return unauthorized("upstream is asked in your name: this takes a user name and a password (Basic)");
    if (login->is_empty())
        return anonymous;
    return ptr(new client_login("Basic " + std::string(login->encoded), std::move(login->user)));
}

} // namespace proxy
