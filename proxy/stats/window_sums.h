// What passed in a stretch of time, summed up: as a whole, or by name.
#pragma once

#include "proxy/stats/series_query.h"

#include <boost/json/array.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace proxy {

// Reads a stretch of the history, and not more of it than an answer is worth: an error then. Blocks.
query_result<void> read_traffic(history const& h, dimension d, time_range const& r,
                                history::traffic_visitor const& visit);

query_result<traffic_by_name> sum_up(history const& h, dimension d, time_range const& r);
query_result<traffic> sum_up_all(history const& h, time_range const& r);

// The largest first, "other" last.
std::vector<std::pair<std::string, traffic>> ranked(traffic_by_name const& sum,
                                                    std::function<double(traffic const&)> const& size);

// [{"name", what traffic_json() says}]: those with the most requests, who was served most bytes first; the rest as
// "other".
boost::json::array rows_json(traffic_by_name sum, std::size_t most);

} // namespace proxy
