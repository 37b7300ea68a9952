#include "proxy/config/access_config.h"

namespace proxy {

std::optional<action> parse_action(std::string_view text) noexcept {
    for (auto const a : {action::pull, action::push, action::remove, action::admin})
        if (text == to_string(a))
            return a;
    return std::nullopt;
}

std::string_view to_string(action a) noexcept {
    switch (a) {
    case action::pull:
        return "pull";
    case action::push:
        return "push";
    case action::remove:
        return "delete";
    case action::admin:
        return "admin";
    }
    return "";
}

} // namespace proxy
