// What is said of an upstream's endpoints: each by itself, and all as one, for that is what the user of a registry
// asks.
#pragma once

#include "proxy/upstream/endpoint_health.h"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

namespace proxy {

// The best of the endpoints' states: requests are answered while one of them works. Closed if there are none.
breaker_state breaker_of(std::vector<endpoint_report> const& endpoints) noexcept;

// The pull budget that was heard of; of several endpoints that tell one, the least.
std::optional<pull_budget> budget_of(std::vector<endpoint_report> const& endpoints);

// {"limit": 100, "remaining": 76, "window_seconds": 21600}; null where nothing is known.
boost::json::object to_json(std::optional<pull_budget> const& budget);
// {"url": …, "breaker": "closed", "failures": 0, "limited_seconds": 0, "ratelimit": {…}, "last_error": "",
//  "body_failures": 0}
boost::json::object to_json(endpoint_report const& e);

} // namespace proxy
