// What there is at the admin listener, beside the page: each path once, with what it takes. Nothing else is handed to
// those who answer, so that docs/admin-api.md, which a test compares with this, has all of it.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace proxy {

struct admin_path {
    std::string_view path;
    bool is_read;    // GET and HEAD
    bool is_command; // POST: it changes something
};

inline constexpr std::array admin_paths{admin_path{"/healthz", true, false},
                                        admin_path{"/readyz", true, false},
                                        admin_path{"/metrics", true, false},
                                        admin_path{"/api/v1/stats", true, false},
                                        admin_path{"/api/v1/stats/series", true, false},
                                        admin_path{"/api/v1/stats/window", true, false},
                                        admin_path{"/api/v1/report", true, false},
                                        admin_path{"/api/v1/upstreams", true, false},
                                        admin_path{"/api/v1/fills", true, false},
                                        admin_path{"/api/v1/images", true, false},
                                        admin_path{"/api/v1/alerts", true, false},
                                        admin_path{"/api/v1/triggers", true, false},
                                        admin_path{"/api/v1/events", true, false},
                                        admin_path{"/api/v1/gc", true, true},
                                        admin_path{"/api/v1/pins", true, false},
                                        admin_path{"/api/v1/pin", false, true},
                                        admin_path{"/api/v1/unpin", false, true},
                                        admin_path{"/api/v1/purge", false, true},
                                        admin_path{"/api/v1/warm", true, true},
                                        admin_path{"/api/v1/refresh", false, true}};

constexpr bool is_admin_path(std::string_view path) noexcept {
    return std::ranges::find(admin_paths, path, &admin_path::path) != admin_paths.end();
}

} // namespace proxy
