// What GET /api/v1/report tells, as Markdown: to be mailed, or put where a team reads.
#pragma once

#include <boost/json/object.hpp>

#include <string>

namespace proxy {

// Whatever a server put into the document, each cell stays one cell and no line becomes another.
std::string report_markdown(boost::json::object const& report);

} // namespace proxy
