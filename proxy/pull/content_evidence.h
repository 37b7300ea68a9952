// Is an answer of upstream's about the content that was asked for, or a page for people? Gateways and maintenance pages
// answer everything with 200. Where an answer opens what is stored, a status alone is no evidence.
#pragma once

#include "oci/digest.h"
#include "proxy/upstream/upstream.h"

#include <cstdint>
#include <optional>

namespace proxy {

// The size of the blob that an answer 200 or 206 names; nothing if it names none, or is a page.
std::optional<std::uint64_t> named_size(upstream_response const& answer);

// Whether an answer 200 comes from a registry that has the manifest: it names its digest (`wanted`, if that is known),
// or, naming none, a type that only manifests have.
bool shows_manifest(upstream_response const& answer, std::optional<oci::digest> const& wanted);

// Whether an answer 200 or 206 comes from a registry that has the blob: it names its digest, or the size that it is
// known to have, or gave the part that it was asked for, as no page does.
bool shows_blob(upstream_response const& answer, oci::digest const& wanted, std::optional<std::uint64_t> known_size);

} // namespace proxy
