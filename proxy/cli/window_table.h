// What GET /api/v1/stats/window and /series tell of a stretch of time, as a table for a terminal.
#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace proxy {

struct window_view {
    boost::json::object window;    // the document
    boost::json::object hit_ratio; // of /series, for the line that shows how it went; may be empty
    std::string since;             // as asked for: "24h"
    std::string currency;          // of the money saved
};

std::string window_table(window_view const& v, std::string_view from);

// "▁▃█": the values of the first series of a /series document, from 0 to 1; a blank where there is none. Of more than
// `width` values neighbours share a place, by their mean. Empty without any.
std::string sparkline(boost::json::object const& series, std::size_t width = 48);

} // namespace proxy
