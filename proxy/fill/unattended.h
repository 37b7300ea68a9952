// A fill that nobody asked for: one that layerd began itself, before a client does or to get back what was lost.
#pragma once

#include "proxy/fill/fill.h"

#include <memory>

namespace proxy {

// Waits until it is over, on the worker that runs it. If it was left to the clients for want of room, upstream's answer
// is let go: there is no client that would read it, and followers who take their time would keep it open.
task<void> end_unattended(std::shared_ptr<fill> f);

} // namespace proxy
