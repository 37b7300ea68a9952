// How long a tag is believed, and what becomes of it afterwards. Ages count from when upstream last said what it is.
//
//   ... ttl ... + stale_while_revalidate    served at once, and asked about behind
//   ... ttl ... + stale_if_error            upstream is asked first; served if it fails, or is slow
//   later                                   upstream alone says
//
// The ideas are RFC 5861's, with the operator's times instead of the origin's.
#pragma once

#include "proxy/config/config.h"

#include <cstdint>
#include <string_view>

namespace proxy {

enum class tag_state : std::uint8_t { fresh, revalidate_behind, revalidate_first };

// All times in Unix seconds.
class tag_lifetime {
public:
    // `stretch` is how many times longer than configured a tag is fresh: where pulls run out, more than 1.
    tag_lifetime(upstream_config const& c, std::string_view tag, double stretch = 1)
        : ttl_(static_cast<std::int64_t>(static_cast<double>(c.ttl_of(tag).count()) * stretch)),
          behind_(c.stale_while_revalidate.count()), on_error_(c.stale_if_error.count()) {}

    std::int64_t fresh_until(std::int64_t checked_at) const noexcept { return checked_at + ttl_; }

    tag_state at(std::int64_t now, std::int64_t checked_at) const noexcept {
        if (checked_at - now > clock_slack) // the clock was set back: nobody knows how old it is
            return tag_state::revalidate_first;
        auto const stale_for = now - fresh_until(checked_at);
        if (stale_for < 0)
            return tag_state::fresh;
        return stale_for < behind_ ? tag_state::revalidate_behind : tag_state::revalidate_first;
    }

    bool may_be_served_on_error(std::int64_t now, std::int64_t checked_at) const noexcept {
        return now - fresh_until(checked_at) <= on_error_;
    }

private:
    static constexpr std::int64_t clock_slack = 60;

    std::int64_t ttl_;
    std::int64_t behind_;
    std::int64_t on_error_;
};

} // namespace proxy
