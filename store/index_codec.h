// How the index spells its keys and values: the one place that knows the bytes of every column family.
//
//   family       key                       value
//   objects      digest                    object_row
//   small        digest                    the content itself
//   sums         digest                    XXH3 of every 1 MiB block
//   links        repository 00 digest      link
//   link_counts  digest                    how many repositories link it
//   tags         repository 00 tag         tag_record
//   children     digest of a manifest      its descriptors, in document order
//   values       name                      as the caller gave it
//   uses         digest                    use_record: when it was last asked for
//   parents      digest, manifest's digest nothing: this manifest names that digest
//   holders      digest, repository        nothing: links, by digest
//   pins         repository 00 reference   when it was pinned
//   trash        digest                    bytes on disk of a file without a row, to be removed
//   uploads      id of an upload session   upload_record
//   referrers    repository 00 subject's digest, manifest's digest   referrer_record
//   default      "schema", "totals", "epoch"
//
// A digest is its algorithm's number and the raw hash. Repository names hold no zero byte, so keys sort as the
// names do. Every value but raw content begins with the version of its own form; decoding is total: bytes that
// are not exactly one value of a known version give an empty optional.
#pragma once

#include "oci/digest.h"
#include "oci/manifest.h"
#include "store/metadata_index.h"
#include "store/object.h"

#include <boost/container/small_vector.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace store {

// Grows when an older layerd could not read what this one writes.
inline constexpr std::uint64_t schema_version = 4;

// The oldest that this one takes over: it lacks families, which are made empty, and has links of an older form.
inline constexpr std::uint64_t oldest_schema_version = 2;

// A key's bytes; on the stack for names of ordinary length.
class index_key {
public:
    std::string_view view() const noexcept { return {bytes_.data(), bytes_.size()}; }
    operator std::string_view() const noexcept { return view(); }

    index_key& add(std::string_view text);
    index_key& add(char byte);
    index_key& add(oci::digest const& d);

private:
    boost::container::small_vector<char, 352> bytes_;
};

// False for names that would break the order of keys: empty, with a zero byte, or longer than 1 KiB.
bool is_repository_name(std::string_view repo) noexcept;

index_key digest_key(oci::digest const& d);
index_key link_key(std::string_view repo, oci::digest const& d);
index_key tag_key(std::string_view repo, std::string_view tag); // also of pins, with a tag or a digest's text
index_key parent_key(oci::digest const& child, oci::digest const& manifest);
index_key holder_key(oci::digest const& d, std::string_view repo);
index_key referrer_key(std::string_view repo, oci::digest const& subject, oci::digest const& manifest);

std::optional<oci::digest> decode_digest_key(std::string_view key);

// What stands behind the first digest of a parents or holders key: the manifest's digest, the repository.
std::optional<std::string_view> behind_digest(std::string_view key) noexcept;

// The two parts of a links or tags key.
struct split_key {
    std::string_view repo;
    std::string_view rest;
};
std::optional<split_key> split_repository(std::string_view key) noexcept;

// What the index knows of an object beyond what it tells: `epoch` is zero once its bytes are known to have
// reached the disk, else the epoch in which they were written (see epoch.h).
struct object_row {
    object info;
    std::uint32_t epoch = 0;
};

// Running sums over all rows, or changes of them.
struct totals {
    std::int64_t objects = 0;
    std::int64_t content_bytes = 0;
    std::int64_t file_bytes = 0; // on disk, of content files
    std::int64_t logical_bytes = 0;
    std::int64_t files = 0; // objects that are files of their own

    friend bool operator==(totals const&, totals const&) = default;
    totals& operator+=(totals const& other) noexcept;
};

struct epoch_record {
    std::uint32_t current = 0;
    std::uint32_t suspect_first = 0; // both included; empty if first > last
    std::uint32_t suspect_last = 0;
    std::string boot_id;

    friend bool operator==(epoch_record const&, epoch_record const&) = default;
};

// A blob upload session: the bytes are in the file of its name in uploads/, if any came.
struct upload_record {
    std::string repo;
    std::int64_t started_at = 0;
    oci::algorithm algorithm = oci::algorithm::sha256; // that the client will probably name at the end

    friend bool operator==(upload_record const&, upload_record const&) = default;
};

// A manifest that names another one as its subject, as lists of referrers show it.
struct referrer_record {
    std::string artifact_type;
    std::string descriptor; // JSON

    friend bool operator==(referrer_record const&, referrer_record const&) = default;
};

// When an object was last asked for, and how often in all, up to 255.
struct use_record {
    std::int64_t last_used = 0;
    std::uint8_t hits = 0;

    friend bool operator==(use_record const&, use_record const&) = default;
};

std::string encode(object_row const& r);
std::string encode(link const& l);
std::string encode(tag_record const& t);
std::string encode(std::vector<oci::descriptor> const& children);
std::string encode(totals const& t);
std::string encode(epoch_record const& e);
std::string encode(use_record const& u);
std::string encode(upload_record const& u);
std::string encode(referrer_record const& r);
std::string encode_sums(std::span<std::uint64_t const> sums);
std::string encode_count(std::uint64_t n);

std::optional<object_row> decode_object(std::string_view bytes);
std::optional<link> decode_link(std::string_view bytes);
std::optional<tag_record> decode_tag(std::string_view bytes);
std::optional<std::vector<oci::descriptor>> decode_children(std::string_view bytes);
std::optional<totals> decode_totals(std::string_view bytes);
std::optional<epoch_record> decode_epoch(std::string_view bytes);
std::optional<use_record> decode_use(std::string_view bytes);
std::optional<upload_record> decode_upload(std::string_view bytes);
std::optional<referrer_record> decode_referrer(std::string_view bytes);
std::optional<std::vector<std::uint64_t>> decode_sums(std::string_view bytes);
std::optional<std::uint64_t> decode_count(std::string_view bytes);

} // namespace store
