#include "proxy/log/shown_target.h"

#include <algorithm>
#include <array>

namespace proxy {

namespace {

// distribution-spec, "Endpoints", and containerd's `ns`.
constexpr std::array<std::string_view, 9> shown{"ns",  "n",     "last", "digest",      "digest-algorithm",
                                                "tag", "mount", "from", "artifactType"};

bool is_shown(std::string_view parameter) noexcept {
    return std::ranges::find(shown, parameter.substr(0, parameter.find('='))) != shown.end();
}

} // namespace

std::string_view shown_target(std::string_view target) noexcept {
    auto end = std::min(target.find('?'), target.size());
    while (end < target.size()) {
        auto const next = std::min(target.find('&', end + 1), target.size());
        if (!is_shown(target.substr(end + 1, next - end - 1)))
            break;
        end = next;
    }
    return target.substr(0, end);
}

} // namespace proxy
