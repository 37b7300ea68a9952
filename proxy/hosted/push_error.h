// What a client is told whose push could not be taken: what it, or the operator, can do about it.
#pragma once

#include "proxy/error.h"

namespace proxy {

// 403 DENIED instead of the mirror's 503 where there is no room: another mirror would not help, nor would trying again.
error for_pusher(error e);

inline error for_pusher(store::error const& e) {
    return for_pusher(from_store(e));
}

} // namespace proxy
