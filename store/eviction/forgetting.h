// What the index knows of content that is gone, and that nobody asked for since: links, children, tags.
//
// Links outlive their content on purpose: a blob that comes back is recognised, with its size and kind, and without
// another question upstream. But for ever would be too long: rows of a few hundred bytes for everything that was ever
// evicted would in time take the space from content. So a link goes a week after it was made if neither its content nor
// a manifest that names it is here; a manifest's children go with the manifest, a tag a month after it was last
// checked. If the index has become large beside the limit, an hour is enough.
#pragma once

#include "store/error.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace store {

struct core;

class forgetting {
public:
    explicit forgetting(core& c) noexcept : core_(c) {}

    // Looks at so many rows more; a pass over all of them begins an hour after the last one did. Blocks. One thread at
    // a time.
    result<void> step(std::size_t rows);

    std::uint64_t forgotten() const noexcept {
        return forgotten_;
    } // rows of links, manifests and tags, since the start

private:
    enum class part : std::uint8_t { links, children, tags, none };

    result<std::size_t> step_links(std::size_t rows);
    result<std::size_t> step_children(std::size_t rows);
    result<std::size_t> step_tags(std::size_t rows);
    std::int64_t patience(std::int64_t usual) const;

    core& core_;
    part at_ = part::none;
    std::string next_key_;
    std::int64_t pass_began_ = 0;
    std::uint64_t forgotten_ = 0;
};

} // namespace store
