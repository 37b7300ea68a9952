// What there is to be pulled and pushed in plays, and what of it the upstream has. The same in every play.
#pragma once

#include "tests/support/pushed_content.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace fuzz {

struct item {
    tests::content content;
    bool is_manifest;
    std::optional<std::size_t> subject; // the manifest that it refers to

    std::string digest() const { return content.digest.to_string(); }
    std::string const& bytes() const noexcept { return content.bytes; }
};

std::vector<item> const& items();
std::vector<std::size_t> const& blobs();     // of items()
std::vector<std::size_t> const& manifests(); // likewise
std::optional<std::size_t> item_of(std::string const& digest);

// Of repositories() and items(). What is not hosted and not here is nowhere.
bool upstream_has(std::size_t repository, std::size_t item);

std::vector<std::string> const& tag_names();

} // namespace fuzz
