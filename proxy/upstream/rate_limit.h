// What a registry says of how much it lets us have: the fields of Docker Hub's budget, the two kinds of 429, and
// Retry-After. Parsing alone; what follows from it is endpoint_health's.
//
// Docker Hub counts GETs of manifests against a budget over hours ("100;w=21600") and says what is left with every
// answer to a manifest request. Beside it there is a limit of requests a minute for an address, whatever they ask for.
// Both answer 429; only the text tells which (docs.docker.com/docker-hub/usage/pulls).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// So many pulls in a window of time.
struct pull_budget {
    std::uint64_t limit = 0;
    std::uint64_t remaining = 0;
    std::chrono::seconds window{0}; // 0: not told

    double share_left() const noexcept; // 0 to 1
    friend bool operator==(pull_budget const&, pull_budget const&) = default;
};

// From the fields RateLimit-Limit ("100;w=21600") and RateLimit-Remaining ("76;w=21600"). Nothing where either is
// absent or makes no sense: not every image counts.
std::optional<pull_budget> parse_pull_budget(std::string_view limit, std::string_view remaining);

// How many times longer than configured a tag is believed: 1 with half of the budget left or more, then growing evenly
// to `longest_ttl_stretch` when it is used up. Docker Hub does not count the HEAD that checks a tag, but a tag that
// moved costs a pull; and an older image now is better than none later.
inline constexpr double longest_ttl_stretch = 12;
double ttl_stretch(std::optional<pull_budget> const& budget) noexcept;

// Whether pulls shall wait for each other, so that what is left is shared by those who need it.
bool is_scarce(std::optional<pull_budget> const& budget) noexcept; // a tenth or less

enum class limit_kind : std::uint8_t {
    pulls,   // manifests may not be fetched; all else may go on
    requests // everything must rest
};

// Which limit an answer 429 speaks of. `body` is the beginning of its text; `budget` its own fields.
limit_kind judge_limit(std::string_view body, std::optional<pull_budget> const& budget);

// The field Retry-After, seconds or a date (RFC 9110, section 10.2.3), as time from now; at most `longest_retry_after`.
// Nothing if it is absent or unreadable. `unix_now` is what a date is held against.
inline constexpr std::chrono::seconds longest_retry_after{6 * 3600}; // Docker Hub's window
std::optional<std::chrono::seconds> parse_retry_after(std::string_view field, std::int64_t unix_now);

} // namespace proxy
