// The document of GET /api/v1/stats as a table for a terminal.
#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace proxy {

// The server may be of another version than this program: what is missing is shown as "-".
std::string stats_table(boost::json::object const& document, std::string_view from);

} // namespace proxy
