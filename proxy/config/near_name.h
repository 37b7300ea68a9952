// For "did you mean": the known name that a mistyped one is closest to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// The nearest of `known` by edit distance, or "" if none is close enough to be meant.
std::string_view near_name(std::string_view given, std::vector<std::string> const& known);

} // namespace proxy
