#include "proxy/fill/fill_status.h"

namespace proxy {

std::vector<fill_status> status_of(fill_table const& fills) {
    std::vector<fill_status> list;
    for (auto const& f : fills.running()) {
        auto const state = f->state().get().value;
        std::chrono::duration<double> const age = steady_clock::now() - f->started;
        list.push_back({f->digest().to_string(), f->source().from->config().name, state.available, state.size,
                        f->followers.load(std::memory_order_relaxed), age.count()});
    }
    return list;
}

} // namespace proxy
