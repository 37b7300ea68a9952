// Traces as text, one request a line: time_s,object_id,size_bytes,kind
//
// Times are seconds, whole or with a fraction, and never go back; an object's name is anything without a comma and its
// size is always the same; kinds are manifest, config, layer and cache. The first line may name the columns.
#pragma once

#include "bench/replay/trace.h"

#include <iosfwd>
#include <string>

namespace replay {

// Throws std::runtime_error with "NAME:LINE: why" at the first line that is not as above, or if there is none.
trace read_csv(std::istream& in, std::string const& name);

// Objects are named by their numbers.
void write_csv(std::ostream& out, trace const& t);

} // namespace replay
