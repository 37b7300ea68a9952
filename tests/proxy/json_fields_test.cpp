#include "proxy/json_fields.h"
#include "tests/catch.h"

using namespace proxy;

TEST_CASE("fields are found by a path of names, and only as what they are") {
    auto const o =
        parse_object(R"({"a": {"b": {"n": -5, "t": "x", "r": 0.5, "z": 3.0}}, "t": [], "big": 1e30})").value();
    CHECK(number_at<std::int64_t>(o, {"a", "b", "n"}) == -5);
    CHECK(number_at<double>(o, {"a", "b", "r"}) == 0.5);
    CHECK(number_at<std::int64_t>(o, {"a", "b", "z"}) == 3);
    CHECK(text_at(o, {"a", "b", "t"}) == "x");
    CHECK(find_object(o, {"a", "b"})->size() == 4);
    CHECK(find_field(o, {"t"})->is_array());

    CHECK(number_at<std::int64_t>(o, {"a", "b", "r"}) == std::nullopt); // not exactly
    CHECK(number_at<std::uint64_t>(o, {"a", "b", "n"}) == std::nullopt);
    CHECK(number_at<std::int64_t>(o, {"big"}) == std::nullopt);
    CHECK(number_at<std::int64_t>(o, {"a", "b", "t"}) == std::nullopt);
    CHECK(text_at(o, {"a", "b", "n"}).empty());
    CHECK(find_object(o, {"t"}) == nullptr);
    CHECK(find_field(o, {"t", "b"}) == nullptr);
    CHECK(find_field(o, {"a", "c", "n"}) == nullptr);
    CHECK(count_at(o, "big") == 0);
    CHECK(count_at(o, "none") == 0);
}

TEST_CASE("only an object is a document") {
    for (auto const* text : {"", "[]", "1", "null", "{", "{} {}", "<html>"})
        CHECK_FALSE(parse_object(text));
    CHECK(parse_object(" {} ")->empty());
}
