// Registries answer for blobs with a redirect to a CDN. It is followed here, so that clients never see one.
//
// Authorization goes to the origin it was meant for and nowhere else: once a redirect has left that scheme, host and
// port, no later request of the chain carries it. A redirect never leads from https to http, nor further inside this
// network than anybody of the chain who has answered, be it by the registry's own name (inner_address.h).
#pragma once

#include "proxy/upstream/http_client.h"

#include <cstdint>
#include <memory>

namespace proxy {

inline constexpr int max_redirects = 10;

struct followed_answer {
    std::unique_ptr<answer> last;
    bool away = false; // answered by an origin other than the one first asked
};

// A status that names another place, as registries use them: 301, 302, 303, 307, 308.
bool is_redirect(unsigned status) noexcept;

// Where `a`, the answer of `from`, sends us; 502 where that is no place to go to. Messages name origins only: targets
// may be signed.
result<location> redirect_target(answer const& a, location const& from);

enum class redirects : std::uint8_t {
    follow,
    answer // a redirect is as good an answer as any
};

// The first answer that is not a redirect to be followed. Errors beside the client's: upstream_error 502 for a redirect
// that is not followed.
task<result<followed_answer>> send_following(http_client& client, wire_request request, redirects policy, deadline d);

} // namespace proxy
