// Questions about the history, as the admin API takes them: one number over time, or all of a stretch of time, as a
// whole or by name.
#pragma once

#include "oci/route.h"
#include "proxy/stats/history.h"

#include <boost/json/object.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// A stretch of time, cut into intervals that begin at multiples of `step`. Unix seconds.
struct time_range {
    std::int64_t from = 0;
    std::int64_t to = 0; // the first moment after it
    std::int64_t step = 0;

    std::size_t points() const noexcept { return static_cast<std::size_t>((to - from + step - 1) / step); }
};

// What is wrong with a question, in words for people; or a failure of the store.
template <class T>
using query_result = boost::system::result<T, std::string>;

// `from` and `to`: Unix seconds, "2026-11-26T18:00:00Z", "now", or so long before now: "-24h". `step`: a duration, a
// multiple of a minute; without one, such that some hundred points come out. Older than two days there are only hours,
// older than a quarter only days. Without `from`, the last 24 hours.
query_result<time_range> parse_range(oci::query const& q, std::int64_t now);

// {"metric", "unit", "by", "from", "to", "step", "times": […], "series": [{"name", "values": […]}]}
// `metric` is one of metric_names(); `by` none, upstream, repository or client, and of store_bytes and store_objects
// pool, origin or type; `limit` how many names are shown, the largest first, of which the rest is "other".
// A value is null where nothing ran, and where a ratio has nothing to be of.
query_result<boost::json::object> series(history const& h, oci::query const& q, std::int64_t now);

// {"from", "to", "currency", "total": {…}, "by", "rows": [{"name", …}]}: what traffic_json() says, of the whole
// stretch.
query_result<boost::json::object> window(history const& h, oci::query const& q, std::int64_t now,
                                         std::string_view currency);

std::vector<std::string_view> metric_names();

} // namespace proxy
