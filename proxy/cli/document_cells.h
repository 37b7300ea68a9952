// Figures of a statistics document as cells of a table: "-" for what it does not say.
#pragma once

#include "proxy/json_fields.h"

#include <boost/json/object.hpp>

#include <string>

namespace proxy {

std::string count_cell(boost::json::object const& from, field_path names);   // "1,234"
std::string bytes_cell(boost::json::object const& from, field_path names);   // "1.5 GiB"
std::string share_cell(boost::json::object const& from, field_path names);   // "87.5 %"
std::string latency_cell(boost::json::object const& from, field_path names); // "1.5 ms"

std::string requests_cell(boost::json::object const& row); // of all outcomes together

} // namespace proxy
