#include "proxy/fill/unattended.h"

namespace proxy {

namespace {

bool is_over(fill_stage s) noexcept {
    return s != fill_stage::starting && s != fill_stage::streaming;
}

} // namespace

task<void> end_unattended(std::shared_ptr<fill> f) {
    auto seen = f->state().get();
    while (!is_over(seen.value.stage))
        seen = co_await f->state().changed(seen.version);
    f->opened.reset();
}

} // namespace proxy
