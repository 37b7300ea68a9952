// The Range field of a request against a body of known size. Source: RFC 9110 §14.
#pragma once

#include "oci/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace oci {

// Bytes first..last of a body, both included, first <= last < size.
struct byte_range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    std::uint64_t length() const noexcept { return last - first + 1; }
    friend bool operator==(byte_range const&, byte_range const&) = default;
};

// More ranges than this in one field are answered with the whole body: nobody sane asks for them, and
// many small overlapping ranges are an old way to make a server work for nothing (RFC 9110 §17.15).
inline constexpr std::size_t max_ranges = 256;

// Resolves a Range field for a body of `size` bytes.
//   empty vector   the field is to be ignored: other unit, syntax not understood, too many or overlapping
//                  ranges, or an empty body with a suffix range
//   1..max_ranges  satisfiable ranges in the order asked for, clipped to the body
//   RANGE_INVALID  nothing satisfiable, or last < first ("bytes=500-0", answered 416 as the conformance
//                  suite wants it); the answer carries Content-Range: bytes */size
result<std::vector<byte_range>> resolve_range(std::string_view field, std::uint64_t size);

// "bytes 0-99/1000"
std::string content_range(byte_range const& r, std::uint64_t size);

// Content-Range of an upstream's 206, "bytes a-b/total" or "bytes a-b/*".
struct received_range {
    byte_range range;
    std::uint64_t total = 0; // 0 if unknown

    friend bool operator==(received_range const&, received_range const&) = default;
};
result<received_range> parse_content_range(std::string_view field);

} // namespace oci
