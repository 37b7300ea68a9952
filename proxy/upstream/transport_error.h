// The one place where what the network said becomes an error of ours.
#pragma once

#include "proxy/error.h"
#include "proxy/runtime/net.h"
#include "proxy/upstream/origin.h"

#include <string_view>

namespace proxy {

// `doing` completes "<doing> <origin>: <reason>", e.g. "cannot connect to".
//   503  this process has no descriptor left: is_overload(), no fault of the origin's
//   504  a timeout
//   502  all else: refused, reset, cut off, bad TLS, not HTTP
error transport_error(error_code ec, std::string_view doing, origin const& peer);

} // namespace proxy
