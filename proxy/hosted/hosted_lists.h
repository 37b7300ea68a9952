// tags/list and the catalog of what was pushed here, page by page.
#pragma once

#include "oci/route.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/server_parts.h"

#include <string>
#include <vector>

namespace proxy {

class hosted_lists {
public:
    explicit hosted_lists(server_parts const& parts) : parts_(parts) {}

    // Tags in the order of their bytes. NAME_UNKNOWN for a repository to which nothing was ever pushed.
    task<result<void>> tags(exchange& x, oci::route const& r, repository_target const& t);

    // The repositories below the hosted prefixes that the one who asks may pull. PAGINATION_NUMBER_INVALID for pages
    // above a thousand.
    task<result<void>> catalog(exchange& x, oci::route const& r);

private:
    task<result<void>> reply_names(exchange& x, std::string_view what, std::string_view repo,
                                   std::vector<std::string> names, std::string const& next);

    server_parts const& parts_;
};

} // namespace proxy
