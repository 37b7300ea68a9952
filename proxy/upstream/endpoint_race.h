// One request at several endpoints of an upstream, which are fallbacks of each other: in order, the next as soon as one
// could not do it, and beside one that has not begun to answer for a while ("hedging": J. Dean, L. A. Barroso, "The
// Tail at Scale", CACM 2013).
#pragma once

#include "proxy/runtime/deadline.h"
#include "proxy/runtime/worker.h"
#include "proxy/upstream/upstream.h"

#include <functional>

namespace proxy {

// Asks one endpoint, by its place in the order of this request; must end by the deadline. May run on after the race is
// decided, on the worker: what it uses must outlive it.
using endpoint_attempt = std::function<task<result<upstream_response>>(std::size_t endpoint, deadline d)>;

struct race_result {
    // The first answer other than 404, or an error that no endpoint can mend. Else what the decisive endpoint says.
    result<upstream_response> got;
    bool worth_repeating = false; // an endpoint failed in a way that may be over in a moment
};

// Each of the `endpoints` gets an even share of the time that is left; with `hedge_after` above 0 the next is asked too
// when those before it have not answered for so long. `decisive` is the place of the one that has everything. Runs on
// `w`.
task<race_result> ask_in_order(worker& w, std::size_t endpoints, std::size_t decisive, endpoint_attempt ask,
                               milliseconds hedge_after, deadline limit);

} // namespace proxy
