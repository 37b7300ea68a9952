// The operator's page at the admin listener's "/", with all that it loads: the files of proxy/admin/dashboard, built
// into the program, so that it asks no other host for anything.
#pragma once

#include <string_view>

namespace proxy {

struct dashboard_file {
    std::string_view path;
    std::string_view content_type;
    std::string_view body;
};

// Null if there is none.
dashboard_file const* find_dashboard_file(std::string_view path) noexcept;

} // namespace proxy
