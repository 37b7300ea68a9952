#include "proxy/upstream/verdict.h"

#include <fmt/format.h>

namespace proxy {

verdict judge(unsigned status) noexcept {
    switch (status) {
    case 200:
    case 206:
    case 304:
        return verdict::answer;
    case 401:
        return verdict::challenge;
    case 403:
    case 407:
        return verdict::denied;
    case 408:
    case 425:
    case 429:
        return verdict::failed;
    default:
        return status / 100 == 4 ? verdict::answer : verdict::failed;
    }
}

std::string_view to_string(verdict v) noexcept {
    switch (v) {
    case verdict::answer:
        return "answer";
    case verdict::challenge:
        return "challenge";
    case verdict::denied:
        return "denied";
    case verdict::failed:
        return "failed";
    }
    return "?";
}

error failed_answer(unsigned status, std::string_view endpoint) {
    bool const patience = status == 429 || status == 425 || status == 503;
    return upstream_error(patience ? 503 : 502, fmt::format("{} answered {}", endpoint, status));
}

} // namespace proxy
