// Who a client says it is, for upstreams that are asked in its name (access = "per-client").
//
// The password is needed as it came, to be shown to that one upstream. Everything that tells clients apart (tokens,
// verdicts, flights) goes by the id instead: a hash under a key that this process made up at its start, so that what is
// remembered for minutes cannot be tried against a list of passwords.
#pragma once

#include "proxy/error.h"

#include <memory>
#include <string>
#include <string_view>

namespace proxy {

// Immutable; any thread. Wiped when the last request that uses it is done.
class client_login {
public:
    using ptr = std::shared_ptr<client_login const>;

    // Of the value of an Authorization field: "Basic …" (RFC 7617). Without one, or with neither user nor password (as
    // some clients send for want of any), the client is nobody in particular: anonymous. UNAUTHORIZED for all else.
    static result<ptr> parse(std::string_view authorization);

    ~client_login();
    client_login(client_login const&) = delete;
    client_login& operator=(client_login const&) = delete;

    bool is_anonymous() const noexcept { return authorization_.empty(); }
    std::string const& authorization() const noexcept { return authorization_; } // a secret: for requests alone
    std::string const& id() const noexcept { return id_; }                       // printable, never empty
    std::string const& user() const noexcept { return user_; }                   // as sent; empty if anonymous

private:
    client_login(std::string authorization, std::string user);

    std::string authorization_;
    std::string id_;
    std::string user_;
};

inline bool is_same(client_login::ptr const& a, client_login::ptr const& b) noexcept {
    return a && b ? a->id() == b->id() : a == b;
}

} // namespace proxy
