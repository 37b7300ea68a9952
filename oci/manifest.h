// A manifest names content by digest. Of the whole document only what a cache needs is modelled: its type,
// the descriptors it holds, its subject. The bytes themselves are kept and served untouched, elsewhere.
// Source: OCI image-spec, manifest.md and image-index.md; Docker's "Image Manifest V 2, Schema 2".
#pragma once

#include "oci/digest.h"
#include "oci/error.h"
#include "oci/media_type.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oci {

inline constexpr std::size_t max_manifest_size = std::size_t{4} * 1024 * 1024;
// Above this a manifest is large: seldom seen, and much memory where many are held or read at once. So they take turns.
inline constexpr std::size_t large_manifest_size = std::size_t{256} * 1024;

enum class child_role : std::uint8_t { config, layer, manifest };

struct descriptor {
    std::string media_type;
    oci::digest digest;
    std::uint64_t size = 0;
    child_role role = child_role::layer;
    bool foreign = false; // has "urls", or a non-distributable type: may be absent from the registry

    friend bool operator==(descriptor const&, descriptor const&) = default;
};

struct manifest {
    std::string media_type; // the document's own, else the one it was sent with, else derived from its shape
    manifest_kind kind = manifest_kind::other; // of that type, unless misnamed
    bool misnamed = false;                     // names no type, and its shape is of another kind than it was sent as
    std::string artifact_type;                 // its own, else the config's media type; empty for an index without one
    std::vector<descriptor> children;          // config first, in document order; duplicates kept
    std::optional<descriptor> subject;
    std::map<std::string, std::string> annotations; // string values only

    friend bool operator==(manifest const&, manifest const&) = default;
};

// Parses `body` as it came, declared as `content_type` (may be empty or carry parameters).
// MANIFEST_INVALID: not JSON, not an object, a descriptor without size or without a digest of a registered
// algorithm, a media type with control bytes or longer than 255, a known member of another JSON type (null is
// an absent one), deeper than 32 levels, of more values than 32 MiB hold, more than 4096 descriptors or annotations;
// SIZE_INVALID: more than max_manifest_size bytes. An index of BuildKit's cache, whose entries are layer
// blobs, gives children with role layer. Schema 1 and documents that name an unknown type parse to a manifest
// without children.
// What a document without a type names is up to its shape (config and layers, manifests, fsLayers), whatever it was
// sent as. Sent as another known kind it is `misnamed`; sent as an unknown type it is of kind `other`, and names what
// its shape says if it can be read so.
// Blocks while two others read large documents. Any thread.
result<manifest> parse_manifest(std::string_view body, std::string_view content_type);

// The same for what is pushed here: nobody else has what it names, so of schema 1 and of unknown types, too, everything
// counts that stands where manifests name content: "config", "layers", "blobs", "manifests", "subject", and schema 1's
// "fsLayers". A digest is enough; the size is 0 if it is not said. What cannot be read names nothing, and refuses
// nothing that parse_manifest takes, but for more than 4096 references.
result<manifest> parse_pushed_manifest(std::string_view body, std::string_view content_type);

} // namespace oci
