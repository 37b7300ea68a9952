#include "proxy/pull/tag_counter.h"
#include "tests/catch.h"

#include <algorithm>

using namespace proxy;

namespace {

std::uint64_t of(std::vector<counted_tag> const& all, std::string const& name) {
    auto const at = std::find_if(all.begin(), all.end(), [&](auto const& c) { return c.name == name; });
    return at == all.end() ? 0 : at->count;
}

} // namespace

TEST_CASE("tags are counted, and counting begins anew when they are taken") {
    tag_counter c;
    for (int i = 0; i < 3; ++i)
        c.add("docker.io/library/alpine", "3.20");
    c.add("docker.io/library/alpine", "3.21");
    auto const all = c.take();
    CHECK(all.size() == 2);
    CHECK(of(all, "docker.io/library/alpine:3.20") == 3);
    CHECK(of(all, "docker.io/library/alpine:3.21") == 1);
    CHECK(c.take().empty());
}

TEST_CASE("what is asked for often stays, however many others are asked for once") {
    tag_counter c;
    for (int i = 0; i < 100'000; ++i) {
        c.add("docker.io/library/scanned", "t" + std::to_string(i));
        if (i % 100 == 0)
            c.add("docker.io/library/hot", "1");
    }
    auto const all = c.take();
    CHECK(all.size() <= tag_counter::max_tags);
    CHECK(of(all, "docker.io/library/hot:1") > 800);
}
