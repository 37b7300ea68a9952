// The page at the admin listener's "/": the statistics for people, as plain HTML without script.
#pragma once

#include "proxy/stats/stats_report.h"

#include <string>

namespace proxy {

std::string overview_page(stats_report const& r);

} // namespace proxy
