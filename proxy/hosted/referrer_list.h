// GET /v2/<name>/referrers/<digest> of a hosted repository. Source: distribution-spec, "Listing Referrers".
#pragma once

#include "oci/route.h"
#include "proxy/http/exchange.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/server_parts.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace proxy {

class referrer_list {
public:
    explicit referrer_list(server_parts const& parts) : parts_(parts) {}

    // 200 whatever the digest is: a subject may come after what refers to it. What clients without the API keep under
    // the subject's fallback tag is listed too.
    task<result<void>> handle(exchange& x, oci::route const& r, repository_target const& t, oci::digest const& d);

private:
    struct page {
        std::size_t size = 0; // at most so many
        std::set<std::string, std::less<>> types;
        std::vector<std::string> descriptors;
        std::size_t bytes = 0;
        std::size_t looked_at = 0;       // bytes, also of what was left out
        std::optional<oci::digest> last; // the next page begins behind it
        std::size_t listed = 0;          // of what the fallback tag lists, so many are on this page or before it
        bool more_listed = false;        // the next page begins behind those

        bool has_room_for(std::string const& descriptor) const;
        void add(std::string_view type, std::string const& descriptor);
    };
    store::result<void> read_recorded(page& p, std::string const& repo, oci::digest const& subject,
                                      std::optional<oci::digest> after); // blocks, as the next two do
    store::result<std::uint64_t> fallback_size(std::string const& repo, oci::digest const& subject) const;
    store::result<void> read_fallback(page& p, std::string const& repo, oci::digest const& subject);

    server_parts const& parts_;
};

} // namespace proxy
