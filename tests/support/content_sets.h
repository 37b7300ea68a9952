// Whole pushes, one of each kind that registries are known to stumble over.
#pragma once

#include "tests/support/pushed_content.h"

#include <string>
#include <utility>
#include <vector>

namespace tests {

// One push: all blobs, then all manifests in this order, then the tags.
struct content_set {
    std::string name{};
    std::vector<content> blobs{};
    std::vector<content> manifests{};
    std::vector<std::pair<std::string, content>> tags{};
    std::vector<content> referrers{}; // of `manifests`, those with a subject
    std::vector<content> absent{};    // named by manifests and never pushed
};

// All kinds, each in a set of its own; no two share a manifest.
std::vector<content_set> content_sets();

} // namespace tests
