// What passed within some time: requests by their outcome, bytes, latencies, and what the cache saved. The sum of two
// is what passed in both, so that minutes become hours and repositories an upstream.
#pragma once

#include "proxy/stats/latency_histogram.h"
#include "proxy/stats/stats.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

struct traffic {
    std::array<std::array<std::uint64_t, outcome_count>, content_class_count> requests{};
    std::uint64_t bytes_served = 0;
    std::uint64_t bytes_from_cache = 0;
    // Of an upstream and of all: every body byte received, used or not. Of a repository and of clients: what was sent
    // to them on misses, since a download belongs to nobody; so is the money.
    std::uint64_t bytes_from_upstream = 0;
    std::uint64_t bytes_pushed = 0;
    std::uint64_t upstream_requests = 0; // of upstreams and of all
    std::uint64_t upstream_errors = 0;
    std::uint64_t pulls_saved = 0;     // GETs of manifests that a registry would have counted against a pull limit
    std::uint64_t time_saved_us = 0;   // what clients would have waited longer, by how fast upstream was seen to be
    std::int64_t money_saved_nano = 0; // 10^-9 of the currency, by the price of the upstream; below 0 as bytes_saved()
    std::uint64_t server_errors = 0;   // of the errors those that are no client's: 5xx
    std::uint64_t hosted_hits = 0;     // of the hits those of what was pushed here: no upstream would have been asked
    // Of upstreams and of all: questions to upstream whether a known tag has moved, asked because a client wanted it,
    // and how many of them were for nothing.
    std::uint64_t revalidations = 0;
    std::uint64_t revalidations_unchanged = 0;
    // Of all: what was downloaded again although it had been here (store::usage::returned).
    std::uint64_t returned_objects = 0;
    std::uint64_t returned_bytes = 0;
    std::uint64_t unstored = 0;           // of the requests: blobs passed through for want of room
    std::uint64_t integrity_failures = 0; // of all: content that was found rotten or could not be looked at or mended
    latency_histogram first_byte;         // of requests: to the answer's head
    latency_histogram total;              // of requests: to the end of the body
    latency_histogram upstream;           // of requests to upstream: to the answer's head

    std::uint64_t count(outcome o) const noexcept; // of manifests and blobs
    std::uint64_t count() const noexcept;          // all that were answered, also lists, pushes and errors
    // Requests for content that upstream would have got without the cache, and did not.
    std::uint64_t requests_saved() const noexcept;
    std::int64_t bytes_saved() const noexcept; // below zero if more was fetched than served

    std::optional<double> hit_ratio() const noexcept; // as stats_report::request_hit_ratio; nothing without requests
    std::optional<double> byte_hit_ratio() const noexcept; // of the bytes served; nothing without any

    traffic& operator+=(traffic const& other) noexcept;
    friend bool operator==(traffic const&, traffic const&) = default;
};

// As a row of the index: what is zero takes no room. A newer version's fields are skipped.
std::string encode(traffic const& t);
std::optional<traffic> decode_traffic(std::string_view bytes);

} // namespace proxy
