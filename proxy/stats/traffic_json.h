// Traffic as the admin API shows it.
#pragma once

#include "proxy/stats/traffic.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>

namespace proxy {

// {"requests": {"hit": …}, "bytes": {"served": …}, "hit_ratio": {…}, "upstream": {"requests": …, "errors": …,
//  "revalidations": …, "revalidations_unchanged": …}, "returned": {"objects", "bytes"},
//  "saved": {"bytes", "requests", "pulls", "seconds", "money"}, "seconds": {"first_byte": {"p50": …}, …}}
boost::json::object traffic_json(traffic const& t);

// null for nothing
boost::json::value number_or_null(std::optional<double> n);

} // namespace proxy
