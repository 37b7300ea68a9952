#include "proxy/error.h"

#include "tests/catch.h"

using namespace proxy;

TEST_CASE("what the store says of itself goes to the log, not to the client") {
    auto const e = from_store({store::errc::no_space, "the disk of /var/lib/layerd is full"});
    CHECK(e.status == 503);
    CHECK(e.message == "the cache has no room for this");
    CHECK(for_log(e) == "the cache has no room for this: no_space: the disk of /var/lib/layerd is full");
    CHECK(is_no_room(e));

    auto const broken = from_store({store::errc::io, "cannot open /var/lib/layerd/blobs"});
    CHECK(broken.status == 500);
    CHECK(broken.message.find("/var") == std::string::npos);
    CHECK(for_log(broken).find("/var/lib/layerd/blobs") != std::string::npos);
    CHECK_FALSE(is_no_room(broken));
}

TEST_CASE("a pusher is told what to do") {
    auto const full = from_store({store::errc::over_quota, "repositories below local/ show 5 bytes"});
    CHECK(full.status == 403);
    CHECK(full.code == oci::errc::denied);
    CHECK(full.message.find("max_used_space") != std::string::npos);
    CHECK(full.over == limit::quota);
    auto const busy_prefix = from_store({store::errc::too_much_unsettled, "5 bytes are being uploaded"});
    CHECK(busy_prefix.status == 429);
    CHECK(busy_prefix.over == limit::quota);
    CHECK(busy_prefix.retry_after.count() == 60);
    auto const tagged = from_store({store::errc::too_many_tags, "local/a has 100000 tags"});
    CHECK(tagged.status == 403);
    CHECK(tagged.over == limit::tags);
    auto const busy = from_store({store::errc::too_many, "10000 uploads are under way"});
    CHECK(busy.status == 429);
    CHECK(busy.code == oci::errc::too_many_requests);
    CHECK(busy.message.find("upload_ttl") != std::string::npos);
}

TEST_CASE("want of descriptors passes: who asks again may get it, and no quota is to blame") {
    auto const busy = from_store({store::errc::no_descriptors, "cannot open /var/lib/layerd/blobs"});
    CHECK(busy.status == 503);
    CHECK(busy.retry_after.count() == 1);
    CHECK(busy.over == limit::open_files);
    CHECK_FALSE(is_no_room(busy));
}

TEST_CASE("upstream's 503 is not a want of room") {
    CHECK_FALSE(is_no_room(upstream_error(503, "busy")));
    CHECK(for_log(upstream_error(503, "busy")) == "busy");
}
