// Where clients get tokens: "/token", beside the registry API on the same address.
//
// A token says who its bearer is, and what the client asked it for; what he may is decided anew by each request, so a
// right that is taken away is gone at once. Credentials that are none of ours (dockerd shows its login of Docker Hub to
// its mirrors) count as none where nobody needs any; everywhere else they are refused, so that `docker login` says so.
// Source: distribution, "Token Authentication Specification" and "Oauth2 Token Authentication".
#pragma once

#include "proxy/access/authenticator.h"
#include "proxy/access/token_question.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/upstream_set.h"

#include <string_view>

namespace proxy {

class token_endpoint {
public:
    static constexpr std::size_t max_form = 64 * 1024;
    static constexpr std::chrono::seconds form_time{10};

    // All must outlive this.
    token_endpoint(authenticator& who, upstream_set const& upstreams, access_config const& settings)
        : who_(who), upstreams_(upstreams), settings_(settings) {}

    // Whether a request's target is this.
    static bool is_at(std::string_view target) noexcept;

    // GET with Basic or without, POST with a form (RFC 6749 §4.3, §6). Without rules there is nothing to get: 404.
    task<result<void>> handle(exchange& x);

private:
    task<result<token_question>> read(exchange& x);
    task<result<identity_ptr>> find_out(exchange& x, token_question const& q);
    bool is_for_anybody(exchange& x, token_question const& q) const;
    bool is_useless_to(caller const& who, token_question const& q) const;
    bool may_anywhere(caller const& who, scope const& s, action a) const;
    result<std::string> answer_for(identity const& who, token_question const& q);

    authenticator& who_;
    upstream_set const& upstreams_;
    access_config const& settings_;
};

} // namespace proxy
