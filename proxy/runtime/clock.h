// "Now", as an argument: what grows old here (tokens, idle connections, addresses) is tested without waiting.
#pragma once

#include "proxy/runtime/net.h"

#include <functional>

namespace proxy {

// Any thread may call it.
using clock_source = std::function<steady_clock::time_point()>;

} // namespace proxy
