#include "proxy/fill/going_on.h"

#include <random>

namespace proxy {

namespace {

// A random number from 0 to 1.
double spread() {
    thread_local std::minstd_rand random(std::random_device{}());
    return std::generate_canonical<double, 24>(random);
}

} // namespace

bool may_go_on(error const& e) {
    bool const may_pass = e.source == error_source::upstream || is_overload(e);
    return may_pass && e.code == oci::errc::unavailable && e.retry != retry_class::never;
}

task<bool> wait_to_go_on(worker& w, retry_budget& budget, std::uint64_t received) {
    auto const wait = budget.next(received, spread());
    if (!wait)
        co_return false;
    if (wait->count() > 0) {
        steady_timer timer(w.executor(), *wait);
        error_code ec;
        co_await timer.async_wait(net::redirect_error(use_task, ec));
    }
    co_return true;
}

} // namespace proxy
