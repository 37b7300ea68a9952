#include "proxy/fill/refetch.h"

#include "tests/catch.h"
#include "tests/proxy/upstream/upstream_bench.h"
#include "tests/support/limited_disk.h"
#include "tests/support/mirror.h"

using namespace tests;

namespace {

std::string const repo = "docker.io/library/alpine";

// A store that has lost a blob of Docker Hub.
struct lost_blob {
    lost_blob() {
        (void)content->index().put_link(repo, digest, {.size = bytes.size()}).value();
        origin.on("GET", "/v2/library/alpine/blobs/" + digest.to_string()).serve(bytes);

        upstream_bench bench(origin);
        bench.config.name = "docker.io";
        std::vector<std::unique_ptr<proxy::upstream>> all;
        all.push_back(std::make_unique<proxy::upstream>(bench.config, std::vector{&worker}, counters));
        upstreams = std::make_unique<proxy::upstream_set>(std::move(all), proxy::hosted_config{});
    }

    // The fill that refetch() starts, run to its end while somebody follows it.
    std::shared_ptr<proxy::fill> run() {
        REQUIRE(proxy::refetch(digest, *content, *upstreams, fills, worker));
        auto const followed = fills.running().at(0);
        auto over = [&]() -> proxy::task<bool> {
            auto seen = followed->state().get();
            while (seen.value.stage == proxy::fill_stage::starting || seen.value.stage == proxy::fill_stage::streaming)
                seen = co_await followed->state().changed(seen.version);
            co_return true;
        };
        CHECK(run_io(worker, over));
        worker.context().restart();
        worker.context().poll(); // what else waited for that end
        return followed;
    }

    std::unique_ptr<store::content_store> open_store() {
        store::options o;
        o.path = folder.path();
        o.files = disk;
        return store::content_store::open(std::move(o)).value();
    }

    std::string const bytes = random_bytes(300'000, 1);
    oci::digest const digest = oci::digest::of(bytes);
    temp_folder folder;
    std::shared_ptr<limited_disk> disk = std::make_shared<limited_disk>(limited_disk::plenty);
    scripted_origin origin;
    proxy::worker worker{0};
    proxy::upstream_counters counters;
    proxy::stats counts{1};
    proxy::disk_pool pool{2};
    std::unique_ptr<store::content_store> content = open_store();
    std::unique_ptr<proxy::upstream_set> upstreams;
    proxy::fill_table fills{*content, pool, counts, 8};
};

} // namespace

TEST_CASE("lost content comes back from the repository that holds it") {
    lost_blob b;
    auto const f = b.run();
    CHECK(f->state().get().value.stage == proxy::fill_stage::done);
    CHECK(b.content->find(b.digest).value());
}

TEST_CASE("lost content comes back from where it came from, not from where a manifest only names it") {
    lost_blob b;
    b.content->index().put_link("docker.io/a/first", b.digest, {.size = b.bytes.size()}).value();
    b.content->index().put_link(repo, b.digest, {.size = b.bytes.size(), .proven = true}).value();
    auto const f = b.run();
    CHECK(f->source().repository_name == repo);
    CHECK(f->state().get().value.stage == proxy::fill_stage::done);
}

TEST_CASE("lost content that has no room leaves no answer of upstream open") {
    lost_blob b;
    b.disk->set_free(limited_disk::room_for_index);
    auto const f = b.run();
    CHECK(f->state().get().value.stage == proxy::fill_stage::unstored);
    CHECK_FALSE(f->opened);
    CHECK(b.origin.count("GET", "/v2/library/alpine/blobs/" + b.digest.to_string()) == 1);
}
