#include "oci/error.h"
#include "tests/catch.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace {

// The message as a client reads it.
std::string message_of(std::string const& json) {
    auto const document = boost::json::parse(json);
    return std::string(document.at("errors").at(0).at("message").as_string());
}

} // namespace

TEST_CASE("an error code has its name and status of the distribution spec") {
    using oci::errc;
    CHECK(to_string(errc::blob_unknown) == "BLOB_UNKNOWN");
    CHECK(http_status(errc::blob_unknown) == 404);
    CHECK(to_string(errc::too_many_requests) == "TOOMANYREQUESTS");
    CHECK(http_status(errc::too_many_requests) == 429);
    CHECK(http_status(errc::range_invalid) == 416);
    CHECK(http_status(errc::unsupported) == 405);
    CHECK(http_status(errc::manifest_blob_unknown) == 400);
    CHECK(http_status(errc::unknown) == 500);
}

TEST_CASE("no two error codes share a name") {
    std::vector<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(oci::errc::unknown); ++code)
        names.push_back(to_string(static_cast<oci::errc>(code)));
    std::sort(names.begin(), names.end());
    CHECK(names.size() == 20);
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("an error body is the spec's document") {
    CHECK(oci::to_json({oci::errc::name_unknown, "no such upstream"}) ==
          R"({"errors":[{"code":"NAME_UNKNOWN","message":"no such upstream"}]})");
}

TEST_CASE("an error message cannot break out of its document") {
    std::string const hostile = "\"}]}\r\n\x01\\";
    CHECK(message_of(oci::to_json({oci::errc::unknown, hostile})) == hostile);
}

TEST_CASE("an error message that is not UTF-8 has the broken bytes replaced") {
    CHECK(message_of(oci::to_json({oci::errc::unknown, "a\xff"
                                                       "b\xc3\xa9\xc3"})) == "a\xef\xbf\xbd"
                                                                             "b\xc3\xa9\xef\xbf\xbd");
    // An overlong slash and a surrogate are no UTF-8 either.
    CHECK(message_of(oci::to_json({oci::errc::unknown, "\xc0\xaf"})) == "\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(message_of(oci::to_json({oci::errc::unknown, "\xed\xa0\x80z"})).ends_with("z"));
}

TEST_CASE("the value of a failed result is a bug that says which error it was") {
    oci::result<int> const failed = oci::error{oci::errc::denied, "not yours"};
    CHECK_THROWS_WITH(failed.value(), Catch::Contains("DENIED") && Catch::Contains("not yours"));
}
