// What the hosted repositories hold, as the acknowledgements say.
#pragma once

#include "tests/fuzz/server/tenants.h"
#include "tests/fuzz/server/tracked.h"
#include "tests/fuzz/server/truth.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace fuzz {

struct hosted_model {
    using tag_value = std::size_t; // an item, or:
    static constexpr tag_value none = static_cast<std::size_t>(-1);

    struct repository_state {
        std::vector<tracked<bool>> links = std::vector<tracked<bool>>(items().size(), tracked<bool>(false));
        std::vector<tracked<tag_value>> tags =
            std::vector<tracked<tag_value>>(tag_names().size(), tracked<tag_value>(none));
        // Who might has tried: nothing else can ever be seen here.
        std::vector<bool> ever_linked = std::vector<bool>(items().size(), false);
    };
    std::vector<repository_state> at = std::vector<repository_state>(repositories().size());
};

// An upload session that a user was given.
struct upload {
    std::size_t repository;
    user of;
    std::string location;
    std::size_t item;       // what shall come of it
    std::string bytes;      // that were taken
    bool is_sure = true;    // that those are all
    unsigned under_way = 0; // requests about it
    unsigned version = 0;   // counts them
    bool is_older = false;  // than the server, which does not know any more whose it is
};

} // namespace fuzz
