#include "proxy/config/config.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

TEST_CASE("sizes are powers of 1024 whatever the spelling") {
    for (auto text : {"20GB", "20GiB", "20g", "20G", "20gb", "20 GB", "20480MB", "21474836480", "21474836480B"}) {
        INFO(text);
        CHECK(parse_size(text) == 20ull << 30);
    }
    CHECK(parse_size("64KiB") == 64 * 1024u);
    CHECK(parse_size("1.5g") == 3ull << 29);
    CHECK(parse_size("0") == 0u);
    CHECK(parse_size("2PB") == 2ull << 50);
}

TEST_CASE("text that is no size is none") {
    for (auto text : {"", "GB", "-1", "+1", "1x", "1GBs", "1 0", "1.GB", ".5GB", "1.5", "1e3", "0x10", " 1", "1  GB",
                      "5%", "18446744073709551616", "9999999PB", "1 "}) {
        INFO(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("a size may be a share of the disk") {
    auto const share = parse_size_setting("12.5%");
    REQUIRE(share);
    CHECK(share->percent == 12.5);
    CHECK(share->of_disk(800) == 100);
    CHECK(parse_size_setting("1MB")->of_disk(800) == 1u << 20);
    CHECK_FALSE(parse_size_setting("101%"));
    CHECK_FALSE(parse_size_setting("-5%"));
    CHECK_FALSE(parse_size_setting("%"));
    CHECK_FALSE(parse_size_setting("0%")->is_set());
}

TEST_CASE("durations take one unit or several from large to small") {
    CHECK(parse_duration("90s") == 90s);
    CHECK(parse_duration("5m") == 300s);
    CHECK(parse_duration("48h") == 48h);
    CHECK(parse_duration("7d") == 7 * 24h);
    CHECK(parse_duration("2w") == 14 * 24h);
    CHECK(parse_duration("48h0m0s") == 48h);
    CHECK(parse_duration("2000ms") == 2s);
    CHECK(parse_milliseconds("1s250ms") == 1250ms);
}

TEST_CASE("text that is no duration is none") {
    for (auto text : {"", "5", "m", "-5m", "5 m", "5y", "1m1h", "1h1h", "5mm", "1.5h", "99999999999999999999s",
                      "9999999w", "250ms"}) {
        INFO(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("quantities are printed as they may be written") {
    for (auto bytes :
         {std::uint64_t(0), std::uint64_t(1), std::uint64_t(1025), std::uint64_t(3) << 29, std::uint64_t(20) << 30}) {
        auto const text = to_string(size_setting{bytes, {}});
        INFO(text);
        CHECK(parse_size(text) == bytes);
    }
    CHECK(to_string(size_setting{20ull << 30, {}}) == "20GiB");
    CHECK(to_string(size_setting{0, 5.0}) == "5%");
    for (auto d : {0ms, 1ms, 1500ms, 90000ms, 300000ms, 604800000ms}) {
        auto const text = to_string(d);
        INFO(text);
        CHECK(parse_milliseconds(text) == d);
    }
    CHECK(to_string(90s) == "90s");
    CHECK(to_string(48h) == "2d");
}
