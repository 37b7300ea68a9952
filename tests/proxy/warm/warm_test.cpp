// Images that are pulled into the store before a client asks for them.
#include "tests/catch.h"
#include "tests/support/few_files.h"
#include "tests/support/pulling_mirror.h"
#include "tests/support/test_thread.h"

using namespace tests;

namespace {

std::string const repo = "library/app";

boost::json::object image(char const* name) {
    return {{"image", name}};
}

} // namespace

TEST_CASE("a warmed image is pulled without upstream, and what is here is not asked for again") {
    pulling_mirror m;
    auto const i = m.put(repo, "1", 1);
    m.start();
    auto const job = m.warm(image("app:1"));
    CHECK(job.at("image") == "docker.io/library/app:1");
    CHECK(job.at("state") == "done");
    CHECK(job.at("digest") == digest_of(i.manifest).c_str());
    CHECK(job.at("objects") == 4);
    CHECK(job.at("objects_done") == 4);
    CHECK(job.at("bytes") == 300'400 + static_cast<std::int64_t>(i.manifest.size()));
    CHECK(job.at("bytes_done") == job.at("bytes"));
    CHECK(job.at("fetched_objects") == 4);
    CHECK(m.fetched(repo, i) == 3);

    m.origin.forget_requests();
    CHECK(m.pull(repo, "1", i));
    CHECK(m.origin.requests().empty());
    auto const again = m.warm(image("app:1"));
    CHECK(again.at("state") == "done");
    CHECK(again.at("objects_done") == 4);
    CHECK(again.at("fetched_objects") == 0);
    CHECK(m.origin.requests().size() == 1);
    CHECK(m.origin.count("HEAD", "/v2/library/app/manifests/1") == 1);
}

TEST_CASE("several images share what they have in common") {
    pulling_mirror m;
    auto const a = m.put(repo, "1", 1);
    auto b = m.make(50);
    b.first = a.first;
    b.manifest = image_manifest({b.config, b.first, b.second});
    m.put("library/other", b);
    m.put_manifest("library/other", "1", b.manifest);
    m.start();
    auto const r = m.post("/api/v1/warm", {{"images", boost::json::array{"app:1", "other:1"}}});
    REQUIRE(r.status == 200);
    CHECK(boost::json::parse(r.body).at("jobs").as_array().size() == 2);
    CHECK(eventually([&] {
        auto const jobs = m.jobs();
        return jobs.size() == 2 && jobs[0].at("state") == "done" && jobs[1].at("state") == "done";
    }));
    CHECK(m.fetched(repo, a.first) + m.fetched("library/other", b.first) == 1);
    CHECK(m.pull(repo, "1", a));
    CHECK(m.pull("library/other", "1", b));
}

TEST_CASE("of an index the platforms that are asked for, without attestations") {
    pulling_mirror m;
    auto const amd = m.make(1), arm = m.make(10), about = m.make(20);
    for (auto const& i : {amd, arm, about}) {
        m.put(repo, i);
        m.put_manifest(repo, "x", i.manifest);
    }
    m.put_index(
        repo, "1",
        index_of({platform_entry(amd.manifest, "amd64"), platform_entry(arm.manifest, "arm64"),
                  index_entry(about.manifest, R"(,"platform":{"os":"unknown","architecture":"unknown"},"annotations":)"
                                              R"({"vnd.docker.reference.type":"attestation-manifest"})")}));
    m.start();
    auto const job = m.warm({{"image", "app:1"}, {"platforms", boost::json::array{"linux/arm64"}}});
    CHECK(job.at("state") == "done");
    CHECK(job.at("platforms") == boost::json::array{"linux/arm64"});
    CHECK(m.fetched(repo, arm) == 3);
    CHECK(m.fetched(repo, amd) + m.fetched(repo, about) == 0);

    SECTION("what is here tells what its clients pull") {
        auto const next = m.make(30), other = m.make(40);
        for (auto const& i : {next, other}) {
            m.put(repo, i);
            m.put_manifest(repo, "y", i.manifest);
        }
        m.put_index(repo, "2",
                    index_of({platform_entry(other.manifest, "amd64"), platform_entry(next.manifest, "arm64")}));
        CHECK(m.warm(image("app:2")).at("platforms") == boost::json::array{"linux/arm64"});
        CHECK(m.fetched(repo, next) == 3);
        CHECK(m.fetched(repo, other) == 0);
    }
    SECTION("all platforms are all, attestations too") {
        CHECK(m.warm({{"image", "app:1"}, {"all_platforms", true}}).at("state") == "done");
        CHECK(m.fetched(repo, amd) == 3);
        CHECK(m.fetched(repo, about) == 3);
        CHECK(m.fetched(repo, arm) == 3);
    }
    SECTION("a platform that the image has not is the reason") {
        auto const none = m.warm({{"image", "app:1"}, {"platforms", boost::json::array{"linux/s390x"}}});
        CHECK(none.at("state") == "failed");
        CHECK(none.at("error") == "there is no image for linux/s390x: only for linux/amd64, linux/arm64");
    }
}

TEST_CASE("where rules are, what another repository brought can be pulled from the warmed one without upstream") {
    pulling_mirror m;
    m.settings.access = proxy::parse_config("[[access.rule]]\n"
                                            "networks = [\"127.0.0.2/32\"]\n"
                                            "allow = [\"pull\"]\n"
                                            "[[access.rule]]\n"
                                            "allow = [\"pull\"]\n"
                                            "repositories = [\"docker.io/library/app\"]\n",
                                            "test")
                            .value()
                            .access;
    auto const i = m.put(repo, "1", 1);
    m.put("library/other", i);
    m.put_manifest("library/other", "1", i.manifest);
    m.start();
    http_client other(m.server->port(), "127.0.0.2");
    for (auto const* blob : {&i.config, &i.first, &i.second})
        REQUIRE(other.get("/v2/library/other/blobs/" + digest_of(*blob)).body == *blob);

    auto const job = m.warm(image("app:1"));
    CHECK(job.at("state") == "done");
    CHECK(job.at("fetched_objects") == 1); // the manifest
    CHECK(m.fetched(repo, i) == 0);
    m.origin.go_down();
    CHECK(m.pull(repo, "1", i));
}

TEST_CASE("where rules are, what another repository brought is no part of an image whose repository has not got it") {
    pulling_mirror m;
    m.settings.access = proxy::parse_config("[[access.rule]]\nallow = [\"pull\"]\n", "test").value().access;
    auto const i = m.make(1);
    m.put("library/other", i);
    m.put_blob(repo, i.config);
    m.put_blob(repo, i.first);
    m.put_manifest(repo, "1", i.manifest);
    m.start();
    for (auto const* blob : {&i.config, &i.first, &i.second})
        REQUIRE(m.get("/v2/library/other/blobs/" + digest_of(*blob)).body == *blob);
    auto const job = m.warm(image("app:1"));
    CHECK(job.at("state") == "failed");
    CHECK(job.at("error").as_string().find(digest_of(i.second)) != std::string::npos);
}

TEST_CASE("warming waits for descriptors that are short at the moment") {
    pulling_mirror m;
    auto const files = std::make_shared<few_files>();
    m.seams.files = files;
    auto const i = m.put(repo, "1", 1);
    m.start();
    files->refuse = 2;
    CHECK(m.warm(image("app:1")).at("state") == "done");
    CHECK(files->refuse == 0);
    CHECK(m.pull(repo, "1", i));
}

TEST_CASE("warming waits while clients' downloads are all that may run") {
    pulling_mirror m;
    m.settings.server.max_fills = 1;
    auto const flow = gate::closed();
    auto const bytes = random_bytes(300'000, 9);
    auto const path = "/v2/library/other/blobs/" + digest_of(bytes);
    m.origin.on("GET", path).reply(reply(200).body(bytes).hold_body(flow));
    auto const i = m.put(repo, "1", 1);
    m.start();
    http_client client(m.server->port());
    client.send_get(path);
    client.read_raw_until("\r\n\r\n");
    REQUIRE(m.post("/api/v1/warm", image("app:1")).status == 200);
    CHECK(eventually([&] { return m.jobs().at(0).at("objects_done") == 1; })); // the manifest
    CHECK(m.jobs().at(0).at("state") == "running");
    flow->open();
    CHECK(m.ended().at("state") == "done");
    CHECK(m.pull(repo, "1", i));
}

TEST_CASE("an image that cannot be warmed says why") {
    pulling_mirror m;
    auto const i = m.make(1);
    m.put_manifest(repo, "1", i.manifest);
    m.put_blob(repo, i.config);
    m.put_blob(repo, i.first);
    m.start();
    CHECK(m.warm(image("nothing:1")).at("error") == "no manifest '1' at upstream");
    auto const job = m.warm(image("app:1"));
    CHECK(job.at("state") == "failed");
    CHECK(job.at("error").as_string().find(digest_of(i.second)) != std::string::npos);
    CHECK(m.warm(image("quay.io/a/b")).at("refused") ==
          "quay.io/a/b: registry 'quay.io' is not configured as an upstream");
    CHECK(m.warm(image("local/app")).at("status") == 400);
    CHECK(m.warm({{"images", boost::json::array{"app:1", "A"}}}).at("status") == 400);
    CHECK(m.warm({{"image", "app:1"}, {"platforms", boost::json::array{"linux"}}}).at("status") == 400);
    CHECK(m.warm({{"image", "app:1"}, {"platforms", "linux/amd64"}}).at("status") == 400);
    CHECK(m.warm({{"image", "app:1"}, {"all_platforms", 1}}).at("status") == 400);
    CHECK(m.warm({}).at("status") == 400);
}

TEST_CASE("what is asked for only in clients' names cannot be warmed without a login of layerd's own") {
    pulling_mirror m;
    m.put(repo, "1", 1);
    m.settings.upstreams[0].access = proxy::upstream_access::per_client;
    m.start();
    auto const refused = m.warm(image("app:1"));
    CHECK(refused.at("status") == 403);
    CHECK(refused.at("refused").as_string().find("layerd has none of its own") != std::string::npos);
    CHECK(m.origin.requests().empty());
}

TEST_CASE("an image that is larger than the store is not warmed, and says so") {
    pulling_mirror m;
    m.settings.gc.keep_storage = {32ull << 20, {}};
    auto const config = random_bytes(100, 1), large = random_bytes(40 << 20, 2);
    m.put_blob(repo, config);
    m.put_blob(repo, large);
    m.put_manifest(repo, "1", image_manifest({config, large}));
    m.start();
    auto const job = m.warm(image("app:1"));
    CHECK(job.at("state") == "failed");
    CHECK(std::string(job.at("error").as_string())
              .ends_with(": there is no room for it: keep_storage or the disk is too small"));
}

TEST_CASE("few downloads run at a time, and clients find their place beside them") {
    pulling_mirror m;
    auto const flow = gate::closed();
    std::vector<std::string> blobs;
    for (unsigned n = 0; n < 12; ++n) {
        blobs.push_back(random_bytes(100'000, n));
        m.origin.on("GET", "/v2/library/app/blobs/" + digest_of(blobs[n]))
            .reply(reply(200).body(blobs[n]).hold_body(flow));
    }
    m.put_manifest(repo, "1", image_manifest(blobs));
    auto const other = m.put("library/other", "1", 100);
    m.settings.upstreams[0].max_requests = 12; // of which a quarter
    m.start();
    CHECK(m.post("/api/v1/warm", image("app:1")).status == 200);
    CHECK(eventually([&] {
        std::size_t asked = 0;
        for (auto const& b : blobs)
            asked += m.fetched(repo, b);
        return asked == 3;
    }));
    CHECK(m.pull("library/other", "1", other));
    auto const seen = m.jobs().at(0);
    CHECK(seen.at("state") == "running");
    CHECK(seen.at("objects") == 13);
    CHECK(seen.at("objects_done") == 1);
    flow->open();
    CHECK(m.ended().at("objects_done") == 13);
}

TEST_CASE("the same asked for twice is done once") {
    pulling_mirror m;
    auto const flow = gate::closed();
    auto const i = m.make(1);
    m.put_manifest(repo, "1", i.manifest);
    for (auto const* layer : {&i.first, &i.second})
        m.put_blob(repo, *layer);
    m.origin.on("GET", "/v2/library/app/blobs/" + digest_of(i.config)).reply(reply(200).body(i.config).hold_body(flow));
    m.start();
    for (int n = 0; n < 3; ++n)
        CHECK(m.post("/api/v1/warm", image("app:1")).status == 200);
    CHECK(m.jobs().size() == 1);
    flow->open();
    CHECK(m.ended().at("state") == "done");
}

TEST_CASE("a stop waits for nothing that no client waits for") {
    pulling_mirror m;
    auto const flow = gate::closed();
    auto const large = random_bytes(4 << 20, 1), config = random_bytes(100, 2);
    m.put_blob(repo, config);
    m.origin.on("GET", "/v2/library/app/blobs/" + digest_of(large)).reply(reply(200).body(large).hold_body(flow));
    m.put_manifest(repo, "1", image_manifest({config, large}));
    m.start();
    CHECK(m.post("/api/v1/warm", {{"images", boost::json::array{"app:1", "other:1", "third:1", "fourth:1", "fifth:1"}}})
              .status == 200);
    CHECK(m.origin.wait_for("/v2/library/app/blobs/" + digest_of(large), 1));
    CHECK(eventually([&] { return m.stats().find(R"("running_fills":1)") != std::string::npos; }));
    test_thread const stopping([&] { m.server->stop(); });
    // Its next bytes end it, long before the rest.
    CHECK(eventually([&] {
        flow->allow(70'000);
        return m.origin.broken_off() == 1;
    }));
}
