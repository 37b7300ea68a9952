#include "store/eviction/gc_rule.h"
#include "tests/catch.h"

#include <vector>

using namespace store;

namespace {

bool selects(char const* filter, gc_facts const& facts) {
    auto const parsed = gc_filter::parse(filter);
    INFO(filter);
    REQUIRE(parsed);
    return parsed->selects(facts);
}

} // namespace

TEST_CASE("a filter's terms must all hold") {
    std::vector<std::string> const repos{"docker.io/library/alpine"};
    gc_facts const layer{object_kind::layer, object_origin::pull, false, repos};
    CHECK(selects("type==oci.layer", layer));
    CHECK(selects("type==oci.layer,origin==pull,upstream==docker.io", layer));
    CHECK_FALSE(selects("type==oci.layer,origin==push", layer));
    CHECK(selects("type!=oci.config", layer));
    CHECK(selects("repository~=alpine$", layer));
    CHECK(selects("repository==\"docker.io/library/alpine\"", layer));
    CHECK(selects("repository~='(alpine|debian), ?|alpine'", layer)); // a comma inside quotes
    CHECK_FALSE(selects("pinned", layer));
    CHECK(selects("pinned==false", layer));
    CHECK(selects("repository", layer));
    CHECK_FALSE(selects("repository", {object_kind::layer, object_origin::pull, false, {}}));
    CHECK_FALSE(selects("type==source.local", layer)); // BuildKit's own
}

TEST_CASE("a rule's filters are alternatives, and none of them means everything") {
    gc_rule r;
    CHECK(r.selects({object_kind::config, object_origin::push, true, {}}));
    r.filters.push_back(*gc_filter::parse("type==oci.layer"));
    r.filters.push_back(*gc_filter::parse("type==cache.blob"));
    CHECK(r.selects({object_kind::cache_blob, object_origin::push, false, {}}));
    CHECK_FALSE(r.selects({object_kind::config, object_origin::push, false, {}}));
}

TEST_CASE("a filter that cannot mean anything says why") {
    for (auto const& [text, why] :
         std::vector<std::pair<char const*, char const*>>{{"", "has the field \"\""},
                                                          {"typ==oci.layer", "has the field \"typ\""},
                                                          {"type=oci.layer", "none of ==, != and ~="},
                                                          {"type==layer", "can never be"},
                                                          {"origin==both", "can never be"},
                                                          {"pinned==yes", "can never be"},
                                                          {"repository==", "can never be"},
                                                          {"repository~=(", "no regular expression"},
                                                          {"type==oci.layer,", "has the field \"\""}}) {
        INFO(text);
        auto const parsed = gc_filter::parse(text);
        REQUIRE(!parsed);
        CHECK(parsed.error().find(why) != std::string::npos);
    }
}

TEST_CASE("what a rule keeps is BuildKit's sum") {
    gc_rule r;
    CHECK(r.keep_bytes(100, 50) == 0);
    r.reserved_space = 10;
    CHECK(r.keep_bytes(100, 50) == 10);
    r.max_used_space = 40;
    CHECK(r.keep_bytes(100, 50) == 40);
    r.min_free_space = 60;
    CHECK(r.keep_bytes(100, 50) == 40);
    CHECK(r.keep_bytes(45, 40) == 25);
    CHECK(r.keep_bytes(15, 0) == 10);
    r.max_used_space = 0;
    CHECK(r.keep_bytes(100, 50) == 90);
    CHECK(r.keep_bytes(100, 70) > 100); // enough is free: nothing goes
}
