// A manifest as it is served: where its bytes are, and the fields of its answer that depend on nothing else.
//
// What is small is in memory, as the store's index has it. What is large is sent from its file, like a layer: a client
// may take its time with it, and a thousand clients with a thousand of them, and it costs a descriptor each. Only what
// the store has no room for is in memory though it is large, and has a place there: see manifest_source.
#pragma once

#include "oci/digest.h"
#include "proxy/runtime/fair_queue.h"
#include "store/blob_file.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// Content-Type, Docker-Content-Digest and ETag, each with CRLF. Whoever writes a document says what type it is: what
// cannot stand in a field is octets, and a browser that is led to it runs nothing of it.
std::string manifest_fields(oci::digest const& d, std::string_view media_type);

struct served_manifest {
    oci::digest digest;
    std::string media_type;
    std::shared_ptr<store::blob_file const> content; // never null
    std::string fields;                              // manifest_fields()
    std::optional<store::errc> unkept{};             // why it is not in the store, if it is not
    std::optional<fair_queue::place> held{};         // of a large one that is in memory

    served_manifest(oci::digest d, std::string type, std::shared_ptr<store::blob_file const> content);
    served_manifest(oci::digest d, std::string type, std::string bytes);

    std::uint64_t size() const noexcept { return content->size(); }

    // For who looks into it. Blocks where it is in a file.
    store::result<std::string> read() const;
};

} // namespace proxy
