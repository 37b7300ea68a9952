// The bytes of a blob as upstream sends them, over as many connections as it takes: one that breaks off is gone on with
// as a fill is (fill/going_on.h), as long as the blob's length is known.
#pragma once

#include "oci/digest.h"
#include "proxy/fill/body_sources.h"
#include "proxy/fill/retry_budget.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/runtime/worker.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace proxy {

class relayed_source {
public:
    // `opened` begins at byte `at` of the blob. All that is given by reference must outlive this.
    relayed_source(worker& w, repository_target const& t, oci::digest const& d, body_sources& sources,
                   std::optional<std::uint64_t> size, upstream_response opened, std::uint64_t at);

    // 0 at the end of the blob. An error is the end of it.
    task<result<std::size_t>> read_some(std::span<std::byte> to);

    body_sources& sources() noexcept { return sources_; }

private:
    task<result<std::size_t>> read(std::span<std::byte> to);

    worker& worker_;
    repository_target const& from_;
    oci::digest const& digest_;
    body_sources& sources_;
    std::optional<std::uint64_t> const size_;
    std::optional<upstream_response> response_;
    std::uint64_t const start_;
    std::uint64_t at_;
    retry_budget budget_;
};

} // namespace proxy
