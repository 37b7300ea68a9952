// What a stretch of time was like, for people who pay for it or run it: what was saved, for whom, and what to change.
#pragma once

#include "proxy/config/config.h"
#include "proxy/stats/series_query.h"
#include "store/content_store.h"

namespace proxy {

// {"from", "to", "currency", "total": {…}, "store": {"disk_bytes", "limit_bytes"}, "upstreams": […],
//  "repositories": […], "clients": […], "suggestions": [{"topic", "about", "text", "figures"}]}
// `q` has "from" and "to" as in parse_range(); without them, the last seven days. Rows are as in window(), ten of each
// at most. Blocks.
query_result<boost::json::object> report(history const& h, oci::query const& q, std::int64_t now, config const& c,
                                         store::usage const& stored);

} // namespace proxy
