#include "oci/upload_range.h"
#include "tests/catch.h"

namespace {

std::string parsed(std::string_view field) {
    auto const r = oci::parse_upload_range(field);
    return r ? std::to_string(r->first) + "-" + std::to_string(r->last) : std::string(to_string(r.error().code));
}

} // namespace

TEST_CASE("the range of a chunk is read with and without what RFC 9110 adds") {
    CHECK(parsed("0-1023") == "0-1023");
    CHECK(parsed("1024-1024") == "1024-1024");
    CHECK(parsed(" 0-9 ") == "0-9");
    CHECK(parsed("bytes 0-9") == "0-9");
    CHECK(parsed("bytes 0-9/10") == "0-9");
    CHECK(parsed("bytes 0-9/*") == "0-9");
}

TEST_CASE("what is no range of a chunk cannot be satisfied") {
    for (auto const* field : {"", "-", "abc", "5", "5-", "-5", "5-4", "0x0-0x9", "0-9-10", "+1-2", "bytes=0-9",
                              "0-18446744073709551615", "0-18446744073709551616", "1.0-2.0"}) {
        INFO(field);
        CHECK(parsed(field) == "RANGE_INVALID");
    }
}

TEST_CASE("the last byte of an upload stands in its range, and an empty one's cannot") {
    CHECK(oci::upload_range(1024) == "0-1023");
    CHECK(oci::upload_range(1) == "0-0");
    CHECK(oci::upload_range(0) == "0-0");
}
