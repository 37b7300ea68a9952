// What refers to content: which repository may see which digest, what a tag means, what a manifest holds.
//
// All members may be called from any thread; writes and reads with access::any may block. Writes survive the end
// of the process at once, and the end of the machine after sync() (each of them with durability::full).
#pragma once

#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "store/error.h"
#include "store/object.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace store {

struct core;

enum class access : std::uint8_t { memory, any };

// A repository as the store names it: "docker.io/library/alpine", "local/app". The first component is an
// upstream's name or a hosted prefix, so equal paths of two registries never mix. Not empty, no zero bytes, at
// most 1 KiB: anything else is found nowhere and cannot be written.
using repository_name = std::string;

// One (repository, digest) pair: this repository may show this content.
//
// A manifest's word for what it names is weaker than upstream's: a registry may take manifests that name what it does
// not have. Where that makes a difference, `proven` tells the two apart.
struct link {
    std::uint64_t size = 0; // from the descriptor that named it, or from the content itself
    std::string media_type; // as the descriptor says, or empty
    object_kind kind = object_kind::unknown;
    std::int64_t linked_at = 0;
    bool proven = false; // upstream gave it for this repository, or said that it would; once true it stays

    friend bool operator==(link const&, link const&) = default;
};

struct tag_record {
    oci::digest digest;
    std::int64_t checked_at = 0; // when upstream last said so, Unix seconds
    std::int64_t updated_at = 0; // when it last moved

    friend bool operator==(tag_record const&, tag_record const&) = default;
};

class metadata_index {
public:
    explicit metadata_index(core& c) noexcept : core_(c) {} // of a content_store, whose member it is
    metadata_index(metadata_index const&) = delete;
    metadata_index& operator=(metadata_index const&) = delete;

    result<std::optional<link>> find_link(repository_name const& repo, oci::digest const& d,
                                          access a = access::any) const;
    // Adds to what the link said before: a kind or type once known, a proof, and the time of linking, stay.
    result<void> put_link(repository_name const& repo, oci::digest const& d, link const& l);

    // The repository no longer shows it; the content stays. Absent links are fine.
    result<void> remove_link(repository_name const& repo, oci::digest const& d);

    result<std::optional<tag_record>> find_tag(repository_name const& repo, oci::tag const& t,
                                               access a = access::any) const;
    result<void> put_tag(repository_name const& repo, oci::tag const& t, tag_record const& r);
    result<void> remove_tag(repository_name const& repo, oci::tag const& t);

    // Links a manifest and all its children to the repository and remembers the children, in one batch: the manifest
    // as proven, the children as named. The manifest's bytes must already be stored (content_store::put). Foreign
    // children are not linked. Doing it again writes nothing.
    result<void> put_manifest(repository_name const& repo, oci::digest const& d, oci::manifest const& m,
                              std::uint64_t size);

    // The children that put_manifest recorded, in document order; none for an unknown manifest.
    result<std::vector<oci::descriptor>> children(oci::digest const& manifest) const;

    // Whether anything is linked to it.
    result<bool> has_links(repository_name const& repo) const;

    // Every repository of which something is linked, in byte order, after `after`, at most `limit`.
    result<std::vector<repository_name>> repositories(std::string_view after, std::size_t limit) const;
    result<std::vector<std::string>> tags(repository_name const& repo, std::string_view after, std::size_t limit) const;

    // Keeps what the tag or digest means from being removed: the manifest and all that it names, also what comes later.
    // Nothing of that need be here yet.
    result<void> put_pin(repository_name const& repo, oci::reference const& r);
    // False if it was not pinned.
    result<bool> remove_pin(repository_name const& repo, oci::reference const& r);
    struct pin {
        repository_name repo;
        std::string reference; // a tag, or a digest's text
        std::int64_t pinned_at = 0;
    };
    result<std::vector<pin>> pins() const; // in the order of names

    // The repositories that hold the digest, in byte order.
    result<std::vector<repository_name>> holders(oci::digest const& d) const;
    // The first of them that suits; no more are read.
    result<std::optional<repository_name>> find_holder(oci::digest const& d,
                                                       std::function<bool(repository_name const&)> const& suits) const;

    // Small values by name, for what must survive a restart (the statistics' totals).
    result<std::optional<std::string>> find_value(std::string_view name) const;
    result<void> put_value(std::string_view name, std::string_view value);
    result<void> remove_value(std::string_view name);

    // Makes every write so far survive the end of the machine; blocks. For what a client is told is stored.
    result<void> sync();

    // Grows whenever something that was visible may have stopped being so, or a tag moved. A cache of lookups
    // made at one generation is valid for as long as the number stays. Read it before the lookup.
    std::uint64_t generation() const noexcept;
    // Makes it grow, for who knows another reason why something may be visible no more.
    void outdate() noexcept;

private:
    core& core_;
};

} // namespace store
