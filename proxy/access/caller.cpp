#include "proxy/access/caller.h"

#include <algorithm>

namespace proxy {

bool is_user_name(std::string_view name) noexcept {
    auto const fits = [](char c) { return c > 0x20 && c < 0x7f && c != ':'; };
    return !name.empty() && name.size() <= 255 && std::ranges::all_of(name, fits);
}

} // namespace proxy
