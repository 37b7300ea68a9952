// Every file below blobs/, a few at a time, each with what it is by its place and name.
//
// Only a regular file at the very place that its digest names is a blob. Whatever else lies around is foreign: it is
// named, never entered and never touched.
#pragma once

#include "oci/digest.h"
#include "store/blob_folder.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace store {

struct folder_entry {
    std::string name;
    mode_t type = 0; // S_IFREG, S_IFDIR, …
};

// What is in a folder (a path relative to the store), by name; nothing if it does not exist. Blocks.
result<std::optional<std::vector<folder_entry>>> list_folder(blob_folder const& folder, std::string const& path);

// Whether a folder of this name can hold digests: two hex digits.
bool is_shard(folder_entry const& e) noexcept;

struct walk_visit {
    enum class what : std::uint8_t {
        blob,       // a file at its digest's place
        foreign,    // anything else
        unreadable, // a folder that could not be read: `message`
    };
    what kind = what::foreign;
    std::string path;                  // relative to the store
    std::optional<oci::digest> digest; // of a blob
    std::string message;
};

// Blocks for one folder's listing at most. Files that come and go meanwhile are seen or not. One thread at a time.
class blob_walk {
public:
    explicit blob_walk(blob_folder const& folder);

    std::optional<walk_visit> next(); // nothing: the end

private:
    struct level {
        std::string path;
        std::vector<folder_entry> entries;
        std::size_t next = 0;
    };

    std::optional<walk_visit> enter(std::string path); // a visit if it cannot be listed
    std::optional<walk_visit> visit(folder_entry const& e);
    bool belongs(folder_entry const& e) const; // as a folder of ours, at the present depth
    std::optional<oci::digest> digest_of(folder_entry const& e) const;

    blob_folder const& folder_;
    std::vector<level> levels_; // blobs, blobs/sha256, blobs/sha256/ab
    oci::algorithm algo_ = oci::algorithm::sha256;
    std::optional<walk_visit> first_;
};

} // namespace store
