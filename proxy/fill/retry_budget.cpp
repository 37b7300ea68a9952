#include "proxy/fill/retry_budget.h"

namespace proxy {

std::optional<std::chrono::milliseconds> retry_budget::next(std::uint64_t received, double spread) {
    if (received >= last_ + progress) {
        tries_ = 0;
        last_ = received;
    }
    if (tries_ == max_tries)
        return std::nullopt;
    auto const tried = tries_++;
    if (tried == 0)
        return std::chrono::milliseconds(0);
    auto const most = base * (1 << (tried - 1));
    return std::chrono::duration_cast<std::chrono::milliseconds>(most * spread);
}

} // namespace proxy
