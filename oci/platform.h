// What the entries of an index are for: "linux/amd64", "linux/arm/v7". Source: OCI image-spec, image-index.md.
#pragma once

#include "oci/manifest.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oci {

struct platform {
    std::string os;
    std::string architecture;
    std::string variant; // empty: none, or any

    friend bool operator==(platform const&, platform const&) = default;
};

// "os/architecture" or "os/architecture/variant", each of letters, digits and ". _ -"; else MANIFEST_INVALID.
result<platform> parse_platform(std::string_view text);

std::string to_string(platform const& p);

// Whether who asks for `wanted` may be given what is made for `offered`. A variant that one of them leaves open fits.
bool fits(platform const& wanted, platform const& offered) noexcept;

struct index_entry {
    descriptor content;
    std::optional<oci::platform> platform; // as far as it can be told
    bool is_attestation = false;           // BuildKit's: it is about another entry, and nothing runs it
};

// The entries of an index, in document order. MANIFEST_INVALID if it is none; else as parse_manifest.
result<std::vector<index_entry>> parse_index(std::string_view body, std::string_view content_type);

} // namespace oci
