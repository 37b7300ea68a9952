#include "proxy/gc/gc_settings.h"
#include "tests/catch.h"

using namespace proxy;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t gib = 1ull << 30, disk = 100 * gib;

} // namespace

TEST_CASE("limits are bytes, or shares of the disk") {
    gc_config c;
    c.keep_storage = {0, 60.0};
    c.reserved_space = {gib, {}};
    CHECK(limits_of(c, disk) == store::space_limits{.keep_storage = 60 * gib,
                                                    .min_free_space = 5 * gib,
                                                    .reserved_space = gib,
                                                    .rest = std::chrono::milliseconds(100)});
    c.keep_storage = {7 * gib, {}};
    CHECK(limits_of(c, disk).keep_storage == 7 * gib);
}

TEST_CASE("switched off, there is neither a limit nor a rule") {
    gc_config c;
    c.enabled = false;
    c.policies.resize(2);
    CHECK(limits_of(c, disk) == store::space_limits{});
    CHECK(rules_of(c, disk).empty());
}

TEST_CASE("a policy becomes a rule of the same place, named after it") {
    gc_config c;
    c.policies = {{.filters = {"origin==push"},
                   .all = true,
                   .keep_duration = 48h,
                   .reserved_space = {gib, {}},
                   .max_used_space = {0, 10.0},
                   .min_free_space = {3 * gib, {}}},
                  {}};
    auto const rules = rules_of(c, disk);
    REQUIRE(rules.size() == 2);
    CHECK(rules[0].name == "policy 1");
    CHECK(rules[0].filters.size() == 1);
    CHECK(rules[0].all);
    CHECK(rules[0].keep_duration == 48h);
    CHECK(rules[0].reserved_space == gib);
    CHECK(rules[0].max_used_space == 10 * gib);
    CHECK(rules[0].min_free_space == 3 * gib);
    CHECK(rules[1].name == "policy 2");
    CHECK(rules[1].filters.empty());
    CHECK_FALSE(rules[1].all);
    CHECK(rules[1].keep_bytes(gib, disk) == 0);
}

TEST_CASE("no policy cleans below the reserve of [gc]") {
    gc_config c;
    c.reserved_space = {0, 2.0};
    c.policies.resize(2);
    c.policies[1].reserved_space = {3 * gib, {}};
    auto const rules = rules_of(c, disk);
    CHECK(rules[0].reserved_space == 2 * gib);
    CHECK(rules[1].reserved_space == 3 * gib);
}

TEST_CASE("each form of filter selects what it says") {
    std::vector<std::string> const alpine{"docker.io/library/alpine"}, ours{"local/app"};
    store::gc_facts const pulled{store::object_kind::layer, store::object_origin::pull, false, alpine};
    store::gc_facts const pushed{store::object_kind::cache_blob, store::object_origin::push, true, ours};
    struct {
        char const* filter;
        bool selects_pulled, selects_pushed;
    } const cases[] = {
        {"type==oci.layer", true, false},
        {"type==cache.blob", false, true},
        {"type!=oci.layer", false, true},
        {"type~=^oci", true, false},
        {"type==exec.cachemount", false, false},
        {"origin==pull", true, false},
        {"origin==push", false, true},
        {"repository==docker.io/library/alpine", true, false},
        {"repository~=^docker\\.io/", true, false},
        {"repository!=docker.io/library/alpine", false, true},
        {"upstream==docker.io", true, false},
        {"pinned", false, true},
        {"pinned==false", true, false},
        {"origin==push,pinned==true", false, true},
        {"origin==push,pinned==false", false, false},
    };
    for (auto const& c : cases) {
        INFO(c.filter);
        gc_config with;
        with.policies.resize(1);
        with.policies[0].filters = {c.filter};
        auto const rules = rules_of(with, disk);
        REQUIRE(rules.size() == 1);
        REQUIRE(rules[0].filters.size() == 1);
        CHECK(rules[0].selects(pulled) == c.selects_pulled);
        CHECK(rules[0].selects(pushed) == c.selects_pushed);
    }
}

TEST_CASE("the disk of a folder that is still to be made is that of the nearest one above") {
    CHECK(disk_bytes_of("/tmp/none/such/folder") == disk_bytes_of("/tmp"));
    CHECK(disk_bytes_of("/tmp") > 0);
}
