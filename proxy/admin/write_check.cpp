#include "proxy/admin/write_check.h"

namespace proxy {

std::optional<std::string> write_check::look(steady_clock::time_point now) {
    {
        std::lock_guard const lock(mutex_);
        if (is_writing_ && now - *begun_ >= patience)
            return "a write takes more than " + std::to_string(patience.count()) + " seconds";
        if (is_writing_ || (begun_ && now - *begun_ < holds))
            return problem_;
        is_writing_ = true;
        begun_ = now;
    }
    auto const written = write_();
    std::lock_guard const lock(mutex_);
    is_writing_ = false;
    problem_ = written ? std::nullopt : std::optional(written.error().message);
    return problem_;
}

} // namespace proxy
