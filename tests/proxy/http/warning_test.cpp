#include "proxy/http/warning.h"

#include "tests/catch.h"

using proxy::warning_value;

TEST_CASE("a warning has the one form that the distribution specification allows") {
    CHECK(warning_value("the registry is away") == "299 - \"the registry is away\"");
    CHECK(warning_value("") == "299 - \"\"");
}

TEST_CASE("nothing in a warning can end it, or the field, early") {
    CHECK(warning_value("a\"b\\c\r\nX: y\tz\x7f\xc3\xa4") == "299 - \"a'b'c??X: y?z???\"");
    CHECK(warning_value(std::string(100'000, 'a')).size() <= 4096);
}
