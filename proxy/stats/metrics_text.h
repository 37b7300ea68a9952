// The statistics in Prometheus' text format. Names, types and units follow its rules: layerd_*, base units, _total.
#pragma once

#include "proxy/stats/stats_report.h"

#include <string>

namespace proxy {

std::string metrics_text(stats_report const& r);

} // namespace proxy
