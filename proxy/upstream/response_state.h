// What an answer that is being read holds on to: the connection, and what is accounted to whom.
#pragma once

#include "proxy/runtime/fair_queue.h"
#include "proxy/runtime/least_rate.h"
#include "proxy/runtime/pacer.h"
#include "proxy/upstream/answer.h"
#include "proxy/upstream/upstream.h"

#include <memory>
#include <string>
#include <vector>

namespace proxy {

struct upstream_response::state {
    explicit state(milliseconds idle) : idle_timeout(idle) {}

    // An answer that broke off is one that was none.
    void note_broken(bool fair) const;
    task<void> keep_pace(std::size_t bytes);

    std::unique_ptr<answer> last;
    std::string endpoint;
    upstream_counters* counters = nullptr;
    milliseconds idle_timeout;
    least_rate rate{idle_timeout};
    body_account_ptr account;
    bool has_fallback = false;                                    // another endpoint could be asked
    std::shared_ptr<std::vector<fair_queue::place> const> places; // given up with the body
    std::shared_ptr<pacer> pace;                                  // of the upstream; null: nothing bounds its speed
    bool waits_its_turn = false;                                  // in that pace
};

} // namespace proxy
