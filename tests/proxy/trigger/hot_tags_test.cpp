#include "proxy/trigger/hot_tags.h"
#include "tests/catch.h"

using namespace proxy;

namespace {

constexpr std::int64_t start = 1'800'000'000, half_a_day = 12 * 3600;
using names = std::vector<std::string>;

} // namespace

TEST_CASE("the tags asked for most come first, whichever worker was asked") {
    hot_tags h;
    h.add({{"a:1", 5}, {"b:1", 7}}, start);
    h.add({{"a:1", 4}, {"c:1", 1}}, start);
    CHECK(h.hottest(10) == names{"a:1", "b:1", "c:1"});
    CHECK(h.hottest(2) == names{"a:1", "b:1"});
    CHECK(h.hottest(0).empty());
    CHECK(hot_tags().hottest(5).empty());
}

TEST_CASE("what was asked for long ago counts less, and is forgotten in the end") {
    hot_tags h;
    h.add({{"old:1", 10}}, start);
    h.add({{"new:1", 6}}, start + half_a_day);
    CHECK(h.hottest(2) == names{"new:1", "old:1"});
    h.add({}, start + 20 * half_a_day);
    CHECK(h.hottest(2).empty());
}

TEST_CASE("a clock that is set back changes no order") {
    hot_tags h;
    h.add({{"a:1", 3}, {"b:1", 2}}, start);
    h.add({}, start - 1000 * half_a_day);
    CHECK(h.hottest(2) == names{"a:1", "b:1"});
}

TEST_CASE("there is an end to what is remembered, and the hottest stay") {
    hot_tags h;
    std::vector<counted_tag> many;
    for (std::size_t i = 0; i < 2 * hot_tags::max_tags; ++i)
        many.push_back({"t:" + std::to_string(i), 1 + i});
    h.add(many, start);
    auto const all = h.hottest(100'000);
    CHECK(all.size() <= hot_tags::max_tags);
    CHECK(all.front() == "t:" + std::to_string(2 * hot_tags::max_tags - 1));
    for (auto& m : many)
        m.count = 1;
    hot_tags alike;
    alike.add(many, start);
    CHECK(alike.hottest(100'000).size() <= hot_tags::max_tags);
}

TEST_CASE("a restart forgets nothing that is hot") {
    hot_tags h;
    h.add({{"a:1", 3}, {"registry:5000/b:1", 8}}, start);
    hot_tags next;
    next.restore(h.save());
    CHECK(next.hottest(5) == names{"registry:5000/b:1", "a:1"});
    next.add({{"a:1", 6}}, start + half_a_day);
    CHECK(next.hottest(5) == names{"a:1", "registry:5000/b:1"});
    hot_tags from_odd;
    from_odd.restore("x\na:1\nb:1 -4\nc:1 nan\nd:1 1e300\ne:1 2\n\n \nf:1 3 3");
    CHECK(from_odd.hottest(9) == names{"f:1 3", "e:1"});
    from_odd.restore("");
}
