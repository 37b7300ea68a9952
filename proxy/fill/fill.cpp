#include "proxy/fill/fill.h"

#include "proxy/runtime/spawn.h"

namespace proxy {

task<result<fill_state>> fill::head() {
    auto seen = state_.get();
    while (seen.value.stage == fill_stage::starting)
        seen = co_await state_.changed(seen.version);
    if (seen.value.stage == fill_stage::failed)
        co_return *seen.value.failure;
    co_return std::move(seen.value);
}

task<result<fill_state>> head_of(worker& w, std::shared_ptr<fill> f, deadline d) {
    auto const is_known = [&] { return f->state().get().value.stage != fill_stage::starting; };
    if (!is_known() && !d.passed()) {
        auto bell = std::make_shared<steady_timer>(w.executor(), d.at());
        spawn(w.executor(), "wait for a fill", [f, bell]() -> task<void> {
            auto const known = co_await f->head();
            bell->expires_at(steady_clock::time_point::min()); // also for a wait that has not begun
        });
        error_code ignored;
        co_await bell->async_wait(net::redirect_error(use_task, ignored));
    }
    if (!is_known())
        co_return upstream_error(504, "upstream has not begun to send the blob in time");
    co_return co_await f->head();
}

} // namespace proxy
