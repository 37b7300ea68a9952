// Lists that come in pages: `n` entries after `last`, and a Link to the next ones.
#pragma once

#include "oci/route.h"
#include "proxy/error.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// The number that the client gives as `name`, if it does. PAGINATION_NUMBER_INVALID for what is no number.
result<std::optional<std::size_t>> page_size(oci::query const& q, std::string_view name = "n");

// The value of a Link field. Relative: clients refuse to follow it to another host than they asked, and only they know
// that one's name. `more` is "" or begins with '&'.
std::string next_page(std::string_view target, std::size_t n, std::string_view last, std::string_view more = {});

// Percent-escaped, as it may stand in a query.
std::string escaped(std::string_view text);

} // namespace proxy
