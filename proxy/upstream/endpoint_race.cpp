#include "proxy/upstream/endpoint_race.h"

#include "proxy/runtime/spawn.h"

#include <deque>
#include <optional>

namespace proxy {

namespace {

struct ended_attempt {
    std::size_t endpoint;
    result<upstream_response> got;
};

// What the attempts under way and the one who waits for them share; on one thread.
struct race {
    explicit race(executor ex) : alarm(ex) {}

    std::deque<ended_attempt> ended;
    steady_timer alarm;
};

void launch(worker& w, std::shared_ptr<race> r, endpoint_attempt ask, std::size_t endpoint, deadline d) {
    spawn(w.executor(), "a request to an endpoint", [r, ask, endpoint, d]() -> task<void> {
        std::optional<result<upstream_response>> got;
        try {
            auto answered = co_await ask(endpoint, d);
            got.emplace(std::move(answered));
        } catch (std::exception const& e) {
            got.emplace(internal_error(e.what()));
        }
        r->ended.push_back({endpoint, std::move(*got)});
        r->alarm.cancel();
    });
}

// Whether an attempt has ended; false if none did by `d`.
task<bool> wait_for_one(std::shared_ptr<race> r, deadline d) {
    while (r->ended.empty() && !d.passed()) {
        r->alarm.expires_at(d.at());
        error_code ignored;
        co_await r->alarm.async_wait(net::redirect_error(use_task, ignored));
    }
    co_return !r->ended.empty();
}

bool is_final(result<upstream_response> const& got) {
    return got ? got->status() != 404 : got.error().retry == retry_class::never;
}

// An endpoint that is not to be asked for some time, or that used the time up, gives no hope for the next moment.
bool may_pass(result<upstream_response> const& got) {
    return !got && got.error().code == oci::errc::unavailable && got.error().retry_after.count() == 0 &&
           got.error().status != 504;
}

} // namespace

task<race_result> ask_in_order(worker& w, std::size_t endpoints, std::size_t decisive, endpoint_attempt ask,
                               milliseconds hedge_after, deadline limit) {
    constexpr std::chrono::seconds grace{1}; // attempts end by the limit of themselves
    auto r = std::make_shared<race>(w.executor());
    race_result decided{upstream_error(504, "no endpoint answered in time"), false};
    std::size_t launched = 0;
    std::size_t running = 0;
    bool hedge = false;
    for (;;) {
        if (launched < endpoints && (running == 0 || hedge)) {
            hedge = false;
            launch(w, r, ask, launched, limit.within(limit.left() / (endpoints - launched)));
            ++launched;
            ++running;
        }
        if (running == 0)
            co_return decided;
        bool const may_hedge = launched < endpoints && hedge_after.count() > 0;
        auto const until = may_hedge ? limit.within(hedge_after) : deadline(limit.at() + grace);
        bool const one_ended = co_await wait_for_one(r, until);
        if (!one_ended && may_hedge && !limit.passed()) {
            hedge = true;
            continue;
        }
        if (!one_ended)
            co_return decided;
        auto last = std::move(r->ended.front());
        r->ended.pop_front();
        --running;
        decided.worth_repeating = decided.worth_repeating || may_pass(last.got);
        bool const decides = last.endpoint == decisive;
        bool const ends_it = is_final(last.got);
        if (ends_it || decides)
            decided.got = std::move(last.got);
        if (ends_it)
            co_return decided;
    }
}

} // namespace proxy
