// Ranges: the input is a body size on the first line and a field on the rest. Whatever is resolved lies inside
// the body, overlaps nothing, and asked for in the plainest form resolves to the same.
#pragma once

#include "oci/byte_range.h"
#include "oci/upload_range.h"
#include "tests/fuzz/expect.h"

#include <algorithm>
#include <charconv>

namespace fuzz {

inline void check_resolved(std::vector<oci::byte_range> const& ranges, std::uint64_t size) {
    expect(ranges.size() <= oci::max_ranges, "few ranges");
    std::string plain = "bytes=";
    std::uint64_t bytes = 0;
    for (auto const& r : ranges) {
        expect(r.first <= r.last && r.last < size, "a range inside the body");
        expect(r.length() <= size - bytes, "no more bytes in all than the body has");
        bytes += r.length();
        plain += std::to_string(r.first) + "-" + std::to_string(r.last) + ",";
        auto const received = oci::parse_content_range(oci::content_range(r, size));
        if (size != std::numeric_limits<std::uint64_t>::max())
            expect(received && received->range == r && received->total == size, "Content-Range reads back");
    }
    for (auto const& a : ranges)
        expect(std::ranges::count_if(ranges, [&a](auto const& b) { return a.first <= b.last && b.first <= a.last; }) ==
                   1,
               "no overlap");
    if (!ranges.empty()) {
        auto const again = oci::resolve_range(plain, size);
        expect(again && *again == ranges, "printed ranges resolve to the same");
    }
}

inline void check_upload_range(std::string_view field) {
    auto const r = oci::parse_upload_range(field);
    if (!r) {
        expect(r.error().code == oci::errc::range_invalid, "RANGE_INVALID");
        return;
    }
    expect(r->first <= r->last && r->length() != 0, "a chunk has bytes");
    expect(oci::parse_upload_range(std::to_string(r->first) + "-" + std::to_string(r->last)) == *r, "a chunk prints");
}

inline void check_range(std::string_view input) {
    std::size_t const line = std::min(input.find('\n'), input.size());
    std::uint64_t size = 0;
    std::from_chars(input.data(), input.data() + line, size);
    std::string_view const field = input.substr(std::min(line + 1, input.size()));

    check_upload_range(field);
    auto const ranges = oci::resolve_range(field, size);
    if (ranges)
        check_resolved(*ranges, size);
    else
        expect(ranges.error().code == oci::errc::range_invalid, "RANGE_INVALID or nothing");

    auto const received = oci::parse_content_range(field);
    if (!received)
        return;
    auto const& r = received->range;
    expect(r.first <= r.last && r.length() != 0, "a received range has bytes");
    expect(received->total == 0 || r.last < received->total, "a received range lies in its total");
    if (received->total != 0)
        expect(oci::parse_content_range(oci::content_range(r, received->total)) == *received, "Content-Range prints");
}

} // namespace fuzz
