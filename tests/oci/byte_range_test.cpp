#include "oci/byte_range.h"
#include "tests/catch.h"

namespace {

constexpr std::uint64_t max_size = ~std::uint64_t{0};

// "0-99,200-299" for ranges, "" for a field that is to be ignored, "416" for what cannot be satisfied.
std::string resolved(std::string_view field, std::uint64_t size) {
    auto const ranges = oci::resolve_range(field, size);
    if (!ranges)
        return ranges.error().code == oci::errc::range_invalid ? "416" : "another error";
    std::string out;
    for (auto const& r : *ranges)
        out += (out.empty() ? "" : ",") + std::to_string(r.first) + "-" + std::to_string(r.last);
    return out;
}

std::string received(std::string_view field) {
    auto const r = oci::parse_content_range(field);
    if (!r)
        return std::string(to_string(r.error().code));
    return std::to_string(r->range.first) + "-" + std::to_string(r->range.last) + "/" + std::to_string(r->total);
}

} // namespace

TEST_CASE("a range of bytes is resolved against the body") {
    CHECK(resolved("bytes=500-1499", 2048) == "500-1499");
    CHECK(resolved("bytes=0-0", 2048) == "0-0");
    CHECK(resolved("bytes=0-", 2048) == "0-2047");
    CHECK(resolved("bytes=500-", 2048) == "500-2047");
    CHECK(resolved("bytes=2047-", 2048) == "2047-2047");
}

TEST_CASE("a range that ends behind the body is clipped") {
    CHECK(resolved("bytes=2000-5000", 2048) == "2000-2047");
    CHECK(resolved("bytes=0-99999999999999999999999999", 2048) == "0-2047");
}

TEST_CASE("a suffix range is the end of the body, at most all of it") {
    CHECK(resolved("bytes=-500", 2048) == "1548-2047");
    CHECK(resolved("bytes=-5000", 2048) == "0-2047");
    CHECK(resolved("bytes=-99999999999999999999999999", 10) == "0-9");
    CHECK(resolved("bytes=-0", 2048) == "416");
}

TEST_CASE("a range that starts behind the body cannot be satisfied") {
    CHECK(resolved("bytes=5000-10000", 2048) == "416");
    CHECK(resolved("bytes=2048-", 2048) == "416");
    CHECK(resolved("bytes=99999999999999999999999999-", max_size) == "416");
}

TEST_CASE("a range whose last byte comes before its first cannot be satisfied") {
    CHECK(resolved("bytes=500-0", 2048) == "416");
    CHECK(resolved("bytes=0-9,7-3", 2048) == "416");
}

TEST_CASE("an empty body has no range, and a suffix of it is all of it") {
    CHECK(resolved("bytes=0-", 0) == "416");
    CHECK(resolved("bytes=0-0", 0) == "416");
    CHECK(resolved("bytes=-0", 0) == "416");
    CHECK(resolved("bytes=-1", 0) == "");
    CHECK(resolved("bytes=0-,-1", 0) == "");
}

TEST_CASE("several ranges keep their order and drop what lies outside") {
    CHECK(resolved("bytes=100-199,0-9", 1000) == "100-199,0-9");
    CHECK(resolved("bytes=0-9,5000-,-10", 1000) == "0-9,990-999");
    CHECK(resolved("bytes=0-9,10-19", 1000) == "0-9,10-19");
    CHECK(resolved("bytes=5000-,6000-", 1000) == "416");
}

TEST_CASE("blanks and empty elements in a list of ranges mean nothing") {
    CHECK(resolved(" bytes= 0-1 ,\t4-5,, ", 10) == "0-1,4-5");
    CHECK(resolved("bytes=,", 10) == "");
}

TEST_CASE("overlapping ranges are ignored") {
    CHECK(resolved("bytes=0-9,9-10", 1000) == "");
    CHECK(resolved("bytes=100-,0-100", 1000) == "");
    CHECK(resolved("bytes=0-0,0-0", 1000) == "");
    CHECK(resolved("bytes=990-,-20", 1000) == "");
}

TEST_CASE("as many ranges as the limit are taken and one more is ignored") {
    std::string field = "bytes=0-0";
    for (std::size_t i = 1; i < oci::max_ranges; ++i)
        field += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
    CHECK(oci::resolve_range(field, 10'000)->size() == oci::max_ranges);
    CHECK(resolved(field + ",9999-9999", 10'000) == "");
}

TEST_CASE("a range field that is not understood is ignored") {
    for (std::string_view field : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=1-2-3",
                                   "bytes=+1-2", "bytes=1 - 2", "bytes =0-1", "lines=0-1", "bytes:0-1", "bytes=0x1-2",
                                   "bytes=0-1;x", "bytes=0-1,x", "bytes=5-3,x", "bytes=\xc2\xb2-"})
        CHECK(resolved(field, 1000) == "");
}

TEST_CASE("the unit of a range is read in any case") {
    CHECK(resolved("BYTES=0-1", 10) == "0-1");
}

TEST_CASE("the largest body has a last byte") {
    CHECK(resolved("bytes=0-", max_size) == "0-18446744073709551614");
    CHECK(resolved("bytes=-1", max_size) == "18446744073709551614-18446744073709551614");
}

TEST_CASE("a range prints as Content-Range") {
    CHECK(oci::content_range({0, 99}, 1000) == "bytes 0-99/1000");
}

TEST_CASE("an upstream's Content-Range is read") {
    CHECK(received("bytes 0-99/1000") == "0-99/1000");
    CHECK(received("bytes 999-999/1000") == "999-999/1000");
    CHECK(received("Bytes 5-9/*") == "5-9/0");
    CHECK(received(" bytes 5-9/10 ") == "5-9/10");
}

TEST_CASE("a Content-Range that contradicts itself is RANGE_INVALID") {
    for (std::string_view field :
         {"", "bytes", "bytes */1000", "bytes 0-1000/1000", "bytes 5-4/10", "bytes 0-0/0", "bytes 0-/10", "bytes -5/10",
          "bytes 0-1", "bytes=0-1/2", "bytes 0/1-2", "lines 0-1/2", "bytes 0-1/x", "bytes 0-18446744073709551615/*",
          "bytes 0-1/99999999999999999999999", "bytes 0-1/2/3"})
        CHECK(received(field) == "RANGE_INVALID");
}
