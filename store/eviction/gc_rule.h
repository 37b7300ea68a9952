// What an operator wants removed or bounded: the sections [[gc.policy]], in BuildKit's terms.
//
// A rule selects objects by filters and bounds what they take together. Of the selected, those that were not asked for
// during keep_duration may go, the longest unused first, until the selected take no more than
//
//     max(reserved_space, min(max_used_space, what min_free_space leaves them))
//
// bytes; a size of zero does not bound, and with none of the three all of them go (BuildKit's calculateKeepBytes; its
// sum is over the whole cache where its documentation says "used by this policy", and we do what the documentation
// says: a bound on build caches should not depend on how many layers are here).
//
// Filters are BuildKit's: "field==value,field!=value,field~=regex,field", terms all of which must hold; any of a rule's
// filters selects. Fields: type ("oci.manifest", "oci.config", "oci.layer", "cache.blob", "unknown", and BuildKit's,
// which nothing here has), origin ("pull", "push"), repository ("docker.io/library/alpine"), upstream ("docker.io"),
// pinned ("true", "false").
#pragma once

#include "store/object.h"

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace store {

// What filters are asked about. An object that several repositories hold has a field's value only if all of them agree
// on it: a rule about one repository must not take what another still uses.
struct gc_facts {
    object_kind kind = object_kind::unknown;
    object_origin origin = object_origin::pull;
    bool pinned = false;
    std::span<std::string const> repositories;
};

class gc_filter {
public:
    // What is wrong with the text, in words that follow it in a message, else.
    static boost::system::result<gc_filter, std::string> parse(std::string_view text);

    bool selects(gc_facts const& facts) const;
    bool asks_for_repositories() const noexcept;

    struct term; // of the grammar; public for its parser alone

private:
    std::vector<std::shared_ptr<term const>> terms_;
};

struct gc_rule {
    std::vector<gc_filter> filters; // empty: everything
    // Also manifests and configs of which layers are still here; else these go with the last of their layers.
    bool all = false;
    std::chrono::seconds keep_duration{0};
    std::uint64_t reserved_space = 0;
    std::uint64_t max_used_space = 0;
    std::uint64_t min_free_space = 0;
    std::string name; // for reports: "policy 1"

    bool selects(gc_facts const& facts) const;
    bool asks_for_repositories() const noexcept;
    // What may stay of `used` bytes with so many free on the disk.
    std::uint64_t keep_bytes(std::uint64_t used, std::uint64_t free) const noexcept;
    // What the selected may ever take; 0: no bound.
    std::uint64_t ceiling() const noexcept {
        return max_used_space == 0 ? 0 : (max_used_space > reserved_space ? max_used_space : reserved_space);
    }
};

inline constexpr std::size_t gc_rules_max = 64; // a bit of resident::rules each

} // namespace store
