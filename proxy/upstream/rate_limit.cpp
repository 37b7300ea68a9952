#include "proxy/upstream/rate_limit.h"

#include <boost/algorithm/string/find.hpp>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace proxy {

namespace {

using std::chrono::seconds;

// The digits that `text` begins with; nothing if it begins with none, or they are too many.
std::optional<std::uint64_t> leading_number(std::string_view text) {
    std::uint64_t n = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec != std::errc{})
        return std::nullopt;
    return n;
}

seconds window_of(std::string_view field) {
    auto const at = field.find(";w=");
    if (at == field.npos)
        return seconds(0);
    auto const n = leading_number(field.substr(at + 3)).value_or(0);
    constexpr std::uint64_t longest = 366 * 24 * 3600;
    return seconds(static_cast<seconds::rep>(std::min(n, longest)));
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    std::tm when{};
    std::string const terminated(text);
    char const* end = ::strptime(terminated.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &when);
    if (end == nullptr || *end != '\0')
        return std::nullopt;
    return ::timegm(&when);
}

bool mentions(std::string_view text, std::string_view words) {
    return !boost::algorithm::ifind_first(text, words).empty();
}

} // namespace

double pull_budget::share_left() const noexcept {
    if (limit == 0)
        return 0;
    return std::min(1.0, static_cast<double>(remaining) / static_cast<double>(limit));
}

std::optional<pull_budget> parse_pull_budget(std::string_view limit, std::string_view remaining) {
    auto const most = leading_number(limit);
    auto const left = leading_number(remaining);
    if (!most || !left || *most == 0)
        return std::nullopt;
    return pull_budget{*most, *left, window_of(limit)};
}

double ttl_stretch(std::optional<pull_budget> const& budget) noexcept {
    constexpr double ample = 0.5;
    if (!budget || budget->share_left() >= ample)
        return 1;
    return 1 + (longest_ttl_stretch - 1) * (ample - budget->share_left()) / ample;
}

bool is_scarce(std::optional<pull_budget> const& budget) noexcept {
    return budget && budget->share_left() <= 0.1;
}

limit_kind judge_limit(std::string_view body, std::optional<pull_budget> const& budget) {
    bool const used_up = budget && budget->remaining == 0;
    return used_up || mentions(body, "pull rate limit") ? limit_kind::pulls : limit_kind::requests;
}

std::optional<seconds> parse_retry_after(std::string_view field, std::int64_t unix_now) {
    if (field.empty() || field.size() > 64)
        return std::nullopt;
    bool const digits = std::ranges::all_of(field, [](char c) { return c >= '0' && c <= '9'; });
    if (digits) { // more of them than a number holds are a long time
        auto const most = static_cast<std::uint64_t>(longest_retry_after.count());
        return seconds(static_cast<seconds::rep>(std::min(leading_number(field).value_or(most), most)));
    }
    auto const date = parse_http_date(field);
    if (!date)
        return std::nullopt;
    auto const wait = std::clamp<std::int64_t>(*date - unix_now, 0, longest_retry_after.count());
    return seconds(wait);
}

} // namespace proxy
