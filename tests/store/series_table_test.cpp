#include "store/series_table.h"
#include "tests/catch.h"
#include "tests/store/fixture.h"

using namespace store_tests;

namespace {

constexpr std::uint8_t minutes = 0, hours = 1;
constexpr std::uint8_t total = 0, repository = 2;

store::series_row row(std::uint8_t resolution, std::int64_t time, std::uint8_t dimension, std::string name,
                      std::string value) {
    return {{resolution, time, dimension, std::move(name)}, std::move(value)};
}

std::vector<std::string> scan(test_store& s, std::uint8_t resolution, std::uint8_t dimension, std::int64_t from,
                              std::int64_t to) {
    std::vector<std::string> found;
    auto const note = [&](std::int64_t time, std::string_view name, std::string_view value) {
        found.push_back(std::to_string(time) + " " + std::string(name) + " " + std::string(value));
        return true;
    };
    REQUIRE(s.store->series().scan(resolution, dimension, from, to, note));
    return found;
}

void write(test_store& s, std::vector<store::series_row> const& rows) {
    REQUIRE(s.store->series().write(rows));
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("statistics come back by resolution, dimension and time") {
    test_store s;
    write(s, {row(minutes, 120, repository, "b", "1"), row(minutes, 60, repository, "z", "2"),
              row(minutes, 60, repository, "a", "3"), row(minutes, 60, total, "", "4"),
              row(minutes, 180, total, "", "5"), row(hours, 0, total, "", "6")});
    for (bool const restarted : {false, true}) {
        if (restarted)
            s.reopen();
        CHECK(scan(s, minutes, repository, 0, 1000) == texts{"60 a 3", "60 z 2", "120 b 1"});
        CHECK(scan(s, minutes, total, 0, 1000) == texts{"60  4", "180  5"});
        CHECK(scan(s, hours, total, 0, 1000) == texts{"0  6"});
        CHECK(scan(s, hours, repository, 0, 1000).empty());
    }
}

TEST_CASE("a range of statistics holds its beginning and not its end") {
    test_store s;
    write(s, {row(minutes, 60, total, "", "1"), row(minutes, 120, total, "", "2"), row(minutes, 180, total, "", "3")});
    CHECK(scan(s, minutes, total, 60, 180) == texts{"60  1", "120  2"});
    CHECK(scan(s, minutes, total, 61, 181) == texts{"120  2", "180  3"});
    CHECK(scan(s, minutes, total, -5, 61) == texts{"60  1"});
    CHECK(scan(s, minutes, total, 500, 100).empty());
}

TEST_CASE("a row of statistics replaces the one before it") {
    test_store s;
    write(s, {row(minutes, 60, total, "", "1")});
    write(s, {row(minutes, 60, total, "", "2")});
    CHECK(scan(s, minutes, total, 0, 100) == texts{"60  2"});
}

TEST_CASE("names of statistics may be any bytes") {
    test_store s;
    std::string const name("a\0b\xff\n", 5);
    write(s, {row(minutes, 60, repository, name, "1")});
    CHECK(scan(s, minutes, repository, 0, 100) == texts{"60 " + name + " 1"});
}

TEST_CASE("old statistics go a bounded number at a time, the oldest first") {
    test_store s;
    std::vector<store::series_row> rows;
    for (int i = 0; i < 10; ++i)
        rows.push_back(row(minutes, 60 * i, total, "", "x"));
    rows.push_back(row(hours, 0, total, "", "kept"));
    write(s, rows);
    auto& table = s.store->series();
    CHECK(table.remove_before(minutes, 300, 3).value() == 3);
    CHECK(table.first(minutes).value() == 180);
    CHECK(table.remove_before(minutes, 300, 100).value() == 2);
    CHECK(table.remove_before(minutes, 300, 100).value() == 0);
    REQUIRE(table.compact());
    CHECK(table.first(minutes).value() == 300);
    CHECK(scan(s, hours, total, 0, 1) == texts{"0  kept"});
}

TEST_CASE("statistics say when they begin, go on and end") {
    test_store s;
    auto& table = s.store->series();
    CHECK_FALSE(table.first(minutes).value());
    CHECK_FALSE(table.last(minutes).value());
    write(s,
          {row(minutes, 60, total, "", "1"), row(minutes, 180, repository, "b", "2"), row(hours, 0, total, "", "3")});
    CHECK(table.first(minutes).value() == 60);
    CHECK(table.first(minutes, 61).value() == 180);
    CHECK_FALSE(table.first(minutes, 181).value());
    CHECK(table.last(minutes).value() == 180);
    CHECK(table.last(hours).value() == 0);
    CHECK_FALSE(table.last(7).value());
}

TEST_CASE("a visitor of statistics may leave early") {
    test_store s;
    write(s, {row(minutes, 60, total, "", "1"), row(minutes, 120, total, "", "2")});
    int seen = 0;
    REQUIRE(s.store->series().scan(minutes, total, 0, 1000, [&](auto, auto, auto) { return ++seen < 1; }));
    CHECK(seen == 1);
}
