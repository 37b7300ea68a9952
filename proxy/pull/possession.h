// Does an upstream really have the content that it says it has? It is asked for some of the bytes.
//
// A digest is no secret, and layerd keeps content of several upstreams and of tenants. If an upstream's word were
// enough, whoever runs one could have layerd show, under his own repository, what is stored of others. So where not
// everybody may see everything, an upstream that is not known to have had the content gives pieces of it, from places
// that it cannot know beforehand, and they are compared with what is stored: some requests, instead of a download. One
// that gives others is not believed again, else it could guess until it is right.
#pragma once

#include "oci/byte_range.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/single_flight.h"
#include "proxy/server_parts.h"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace proxy {

// One in each of as many equal parts of `size` bytes, where only the part is known; all of it if that is little.
std::vector<oci::byte_range> unforeseeable_pieces(std::uint64_t size);

class possession {
public:
    using blob_ptr = std::shared_ptr<store::blob_file const>;

    explicit possession(server_parts const& parts) : parts_(parts) {}

    // Whether upstream has shown, in this repository, pieces of what is stored, which must not be empty. False: they
    // differ, or it sends no parts. BLOB_UNKNOWN if it has no such blob there or refuses access.
    task<result<bool>> show(worker& w, repository_target const& t, oci::digest const& d, blob_ptr stored);

private:
    task<result<bool>> compare(worker& w, repository_target t, oci::digest d, blob_ptr stored);
    // Nothing if upstream sends no such part.
    task<result<std::optional<std::string>>> piece(worker& w, repository_target const& t, oci::digest const& d,
                                                   oci::byte_range part, std::uint64_t size);

    bool has_lied(std::string const& upstream);
    void note_lie(std::string const& upstream, oci::digest const& d);

    server_parts const& parts_;
    single_flight<bool> flights_;
    std::mutex mutex_;
    std::set<std::string> liars_; // names of upstreams
};

} // namespace proxy
