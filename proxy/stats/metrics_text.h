// The statistics in Prometheus' text format. Names, types and units follow its rules
// (prometheus.io/docs/practices/naming): layerd_*, base units, _total. Label values come from the configuration or from
// enumerations, never from a request.
//
// What traffic is counted by begins at zero in each run. Totals of all runs would not do: they are saved once a minute,
// so a crash sets them back a little, and a counter that fell is taken to have begun again: its whole value would show
// up as traffic of that moment.
#pragma once

#include "proxy/stats/stats_report.h"

#include <string>

namespace proxy {

std::string metrics_text(stats_report const& r);

} // namespace proxy
