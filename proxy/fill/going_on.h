// Going on with what broke off: whether that can be of use, and the wait before.
#pragma once

#include "proxy/error.h"
#include "proxy/fill/retry_budget.h"
#include "proxy/runtime/net.h"
#include "proxy/runtime/worker.h"

#include <cstdint>

namespace proxy {

// Whether another try may do better after this error.
bool may_go_on(error const& e);

// Waits as long as the budget says. False: there shall be no other try.
task<bool> wait_to_go_on(worker& w, retry_budget& budget, std::uint64_t received);

} // namespace proxy
