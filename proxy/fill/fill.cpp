#include "proxy/fill/fill.h"

namespace proxy {

task<result<fill_state>> fill::head() {
    auto seen = state_.get();
    while (seen.value.stage == fill_stage::starting)
        seen = co_await state_.changed(seen.version);
    if (seen.value.stage == fill_stage::failed)
        co_return *seen.value.failure;
    co_return std::move(seen.value);
}

} // namespace proxy
