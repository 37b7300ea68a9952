// The store has no room: every pull works all the same, and nothing of it is kept.
#include "proxy/pull/relay.h"
#include "tests/catch.h"
#include "tests/support/limited_disk.h"
#include "tests/support/mirror.h"
#include "tests/support/test_thread.h"

#include <boost/json/parse.hpp>

#include <atomic>

using namespace tests;

namespace {

std::string const repo = "library/alpine";
std::string blob_path(std::string const& d) {
    return "/v2/" + repo + "/blobs/" + d;
}

struct full_mirror : mirror {
    std::shared_ptr<limited_disk> disk = std::make_shared<limited_disk>(limited_disk::plenty);

    full_mirror() { seams.files = disk; }

    // The store opens while there is room.
    void start(std::uint64_t free = limited_disk::room_for_index) {
        mirror::start();
        disk->set_free(free);
    }

    boost::json::value document() const { return boost::json::parse(stats()); }
    std::int64_t number(char const* pointer) const { return document().at_pointer(pointer).as_int64(); }
    // A client has its last byte before the server has counted it.
    bool becomes(char const* pointer, std::int64_t expected) const {
        for (int attempt = 0; attempt < 1000; ++attempt)
            if (number(pointer) == expected)
                return true;
        return false;
    }
};

bool looks_right(http_answer const& a) {
    return a.status == 200 && a.complete;
}

std::string body_of(std::string const& raw) {
    return raw.substr(raw.find("\r\n\r\n") + 4);
}

} // namespace

TEST_CASE("without room a blob is passed through whole, for one GET each time, and kept nowhere") {
    full_mirror m;
    auto const free = GENERATE(limited_disk::room_for_index, limited_disk::full);
    auto const size = GENERATE(std::size_t{1}, std::size_t{1000}, std::size_t{262144}, std::size_t{3'000'000});
    auto const bytes = random_bytes(size, 1);
    auto const d = m.put_blob(repo, bytes);
    m.start(free);
    for (std::size_t i = 1; i <= 2; ++i) {
        auto const a = m.get(blob_path(d));
        CHECK(a.status == 200);
        CHECK(a.complete);
        CHECK(a.body == bytes);
        CHECK(a.header("Content-Length") == std::to_string(size));
        CHECK(a.header("Docker-Content-Digest") == d);
        CHECK(a.header("Cache-Status") == "layerd; fwd=miss");
        CHECK(m.origin.count("GET", blob_path(d)) == i);
    }
    CHECK(m.number("/store/objects") == 0);
    CHECK(m.becomes("/requests/blob/unstored", 2));
    CHECK(m.number("/requests/blob/miss") == 2);
    CHECK(m.number("/bytes/from_upstream") == static_cast<std::int64_t>(2 * size));
    auto const metrics = http_get(m.server->admin_port(), "/metrics").body;
    CHECK(metrics.find("layerd_unstored_blobs_total 2") != std::string::npos);
}

TEST_CASE("an empty blob is passed through too") {
    full_mirror m;
    auto const d = m.put_blob(repo, "");
    m.start();
    auto const a = m.get(blob_path(d));
    CHECK(looks_right(a));
    CHECK(a.body.empty());
}

TEST_CASE("what is stored is served without room, and room again is used again") {
    full_mirror m;
    auto const early = random_bytes(200'000, 2), late = random_bytes(200'000, 3);
    auto const first = m.put_blob(repo, early), second = m.put_blob(repo, late);
    m.start(limited_disk::plenty);
    m.get(blob_path(first));
    m.disk->set_free(limited_disk::full);
    CHECK(m.get(blob_path(first)).header("Cache-Status") == "layerd; hit");
    CHECK(m.get(blob_path(second)).body == late);
    m.disk->set_free(limited_disk::plenty);
    CHECK(m.get(blob_path(second)).header("Cache-Status") == "layerd; fwd=miss; stored");
    CHECK(m.get(blob_path(second)).header("Cache-Status") == "layerd; hit");
    CHECK(m.becomes("/requests/blob/unstored", 1));
}

TEST_CASE("without room many clients at once all get the bytes") {
    full_mirror m;
    auto const bytes = random_bytes(2'000'000, 4);
    auto const d = digest_of(bytes);
    auto const head = gate::closed();
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).hold_head(head)).reply(200, {}, bytes);
    m.start();
    std::atomic<std::size_t> right{0}, asked{0};
    constexpr std::size_t clients = 12;
    {
        std::vector<test_thread> threads;
        for (std::size_t i = 0; i < clients; ++i)
            threads.emplace_back([&] {
                http_client c(m.server->port());
                c.send_get(blob_path(d));
                if (++asked == clients)
                    head->allow(1);
                auto const head_size = c.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
                right += c.read_raw_at_least(head_size + bytes.size()).substr(head_size) == bytes;
            });
    }
    CHECK(right == clients);
    CHECK(m.becomes("/requests/blob/unstored", clients));
    CHECK(m.origin.count("GET", blob_path(d)) == clients);
}

TEST_CASE("without room one layer asked through two repositories comes from each") {
    full_mirror m;
    auto const bytes = random_bytes(500'000, 5);
    auto const d = m.put_blob(repo, bytes);
    m.put_blob("library/debian", bytes);
    m.start(limited_disk::full);
    CHECK(m.get(blob_path(d)).body == bytes);
    CHECK(m.get("/v2/library/debian/blobs/" + d).body == bytes);
    CHECK(m.get("/v2/library/other/blobs/" + d).status == 404);
}

TEST_CASE("without room wrong bytes are never completed either") {
    full_mirror m;
    auto const size = GENERATE(std::size_t{100}, std::size_t{700'000});
    auto const chunked = GENERATE(false, true);
    auto const bytes = random_bytes(size, 6);
    auto wrong = bytes;
    wrong[size / 2] ^= 1;
    auto const d = digest_of(bytes);
    auto lie = reply(200).body(wrong);
    m.origin.on("GET", blob_path(d)).reply(chunked ? lie.chunked() : lie).reply(200, {}, bytes);
    m.start();
    CHECK_FALSE(looks_right(m.get(blob_path(d))));
    CHECK(m.get(blob_path(d)).body == bytes);
}

TEST_CASE("without room an empty body in place of a blob is not completed") {
    full_mirror m;
    auto const d = digest_of("something");
    m.origin.on("GET", blob_path(d)).reply(200, {}, "");
    m.start();
    CHECK_FALSE(looks_right(m.get(blob_path(d))));
}

TEST_CASE("without room a body that breaks off reaches the client cut short") {
    full_mirror m;
    auto const bytes = random_bytes(1'000'000, 7);
    auto const d = digest_of(bytes);
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).cut_at(600'000));
    m.start();
    auto const a = m.get(blob_path(d));
    CHECK(a.status == 200);
    CHECK_FALSE(a.complete);
}

TEST_CASE("without room a body that breaks off is gone on with where it broke") {
    full_mirror m;
    auto const bytes = random_bytes(1'000'000, 19);
    auto const path = blob_path(digest_of(bytes));
    m.origin.on("GET", path).reply(reply(200).body(bytes).cut_at(600'000)).serve(bytes);
    m.start();
    auto const a = m.get(path);
    CHECK(looks_right(a));
    CHECK((a.body == bytes));
    auto const asked = m.origin.requests(path);
    REQUIRE(asked.size() == 2);
    CHECK(asked[1].header("Range") == "bytes=600000-");
}

TEST_CASE("without room a range that breaks off is gone on with where it broke") {
    full_mirror m;
    auto const bytes = random_bytes(3'000'000, 20);
    auto const path = blob_path(digest_of(bytes));
    auto const part = reply(206).header("Content-Range", "bytes 2000000-2999999/3000000").body(bytes.substr(2'000'000));
    m.origin.on("GET", path).reply(200, {}, bytes).reply(scripted_reply(part).cut_at(300'000)).serve(bytes);
    m.start();
    auto const a = m.get(path, {{"Range", "bytes=2000000-2499999"}});
    CHECK(a.status == 206);
    CHECK((a.body == bytes.substr(2'000'000, 500'000)));
    CHECK(m.origin.requests(path).back().header("Range") == "bytes=2300000-");
}

TEST_CASE("without room not more than so many are passed through at once, and the next is told when to come back") {
    full_mirror m;
    auto const bytes = random_bytes(1'000'000, 21);
    auto const path = blob_path(digest_of(bytes));
    auto const flow = gate::closed();
    m.origin.on("GET", path).reply(reply(200).body(bytes).hold_body(flow));
    m.start();
    std::vector<std::unique_ptr<http_client>> clients;
    auto const pull_from = [&](std::string const& address) {
        clients.push_back(std::make_unique<http_client>(m.server->port(), address.c_str()));
        clients.back()->send_get(path);
        return clients.back()->read_raw_until("\r\n\r\n");
    };
    auto const is_refused = [&](std::string const& address) {
        auto const head = pull_from(address);
        clients.pop_back();
        return head.starts_with("HTTP/1.1 503 ") && head.find("Retry-After: ") != std::string::npos;
    };
    std::size_t const of_client = proxy::relay::running_max_of_client, all = proxy::relay::running_max;
    for (std::size_t i = 0; i < all; ++i) {
        auto const address = "127.0.0." + std::to_string(1 + i / of_client);
        REQUIRE(pull_from(address).starts_with("HTTP/1.1 200 "));
        if ((i + 1) % of_client == 0)
            CHECK(is_refused(address));
    }
    CHECK(is_refused("127.0.0.100"));
    CHECK(m.becomes("/connections/refused_by_limit/relays", static_cast<std::int64_t>(all / of_client + 1)));
    flow->open();
    for (auto& c : clients) {
        auto const head_size = c->read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
        CHECK((c->read_raw_at_least(head_size + bytes.size()).substr(head_size) == bytes));
    }
}

TEST_CASE("without room a length that is not the manifest's is refused before any byte") {
    full_mirror m;
    auto const config = random_bytes(300, 8), layer = random_bytes(100'000, 9);
    m.put_manifest(repo, "1", image_manifest({config, layer}));
    m.origin.on("GET", blob_path(digest_of(layer))).reply(200, {}, layer + "more");
    m.start(limited_disk::plenty);
    m.get("/v2/" + repo + "/manifests/1");
    m.disk->set_free(limited_disk::full);
    CHECK(m.get(blob_path(digest_of(layer))).status == 502);
}

TEST_CASE("a client that hangs up ends its own passing through and no other") {
    full_mirror m;
    auto const bytes = random_bytes(30'000'000, 10);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    http_client stays(m.server->port());
    stays.send_get(blob_path(d));
    stays.read_raw_at_least(100'000);
    {
        http_client leaves(m.server->port());
        leaves.send_get(blob_path(d));
        leaves.read_raw_at_least(100'000);
        leaves.hang_up();
    }
    CHECK(m.origin.wait_for_broken_off(1));
    auto const head_size = stays.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    CHECK(body_of(stays.read_raw_at_least(head_size + bytes.size())) == bytes);
    CHECK(m.origin.broken_off() == 1);
}

TEST_CASE("without room a range is passed through as a range") {
    full_mirror m;
    auto const bytes = random_bytes(4'000'000, 11);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    struct part {
        char const* asked;
        std::size_t first, length;
    };
    auto const p = GENERATE(part{"bytes=0-99", 0, 100}, part{"bytes=1000-1999", 1000, 1000},
                            part{"bytes=3000000-3999999", 3'000'000, 1'000'000}, part{"bytes=-5", 3'999'995, 5},
                            part{"bytes=0-", 0, 4'000'000});
    auto const a = m.get(blob_path(d), {{"Range", p.asked}});
    CHECK(a.status == 206);
    CHECK(a.complete);
    CHECK(a.body == bytes.substr(p.first, p.length));
    CHECK(a.header("Content-Range") ==
          "bytes " + std::to_string(p.first) + "-" + std::to_string(p.first + p.length - 1) + "/4000000");
    CHECK(a.header("Cache-Status") == "layerd; fwd=miss");
    CHECK(m.get(blob_path(d), {{"Range", "bytes=4000000-"}}).status == 416);
}

TEST_CASE("without room a range comes from an upstream that knows none") {
    full_mirror m;
    auto const bytes = random_bytes(3'000'000, 12);
    auto const d = digest_of(bytes);
    m.origin.on("GET", blob_path(d)).reply(200, {}, bytes);
    m.start();
    auto const a = m.get(blob_path(d), {{"Range", "bytes=2000000-2000999"}});
    CHECK(a.status == 206);
    CHECK(a.body == bytes.substr(2'000'000, 1000));
}

TEST_CASE("a client that reads slowly makes upstream wait, not memory grow") {
    full_mirror m;
    auto const bytes = random_bytes(48'000'000, 13);
    auto const d = m.put_blob(repo, bytes);
    m.start();
    http_client c(m.server->port());
    c.send_get(blob_path(d));
    auto const head_size = c.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    // What the kernel's buffers hold of both connections, and two chunks.
    constexpr std::int64_t bound = 24'000'000;
    for (std::size_t read = 4'000'000; read < bytes.size(); read += 4'000'000) {
        c.read_raw_at_least(read);
        CHECK(m.number("/bytes/from_upstream") <= static_cast<std::int64_t>(read) + bound);
    }
    CHECK(body_of(c.read_raw_at_least(head_size + bytes.size())) == bytes);
}

TEST_CASE("without room a body of unknown length is passed through in chunks") {
    full_mirror m;
    auto const size = GENERATE(std::size_t{0}, std::size_t{10}, std::size_t{600'000});
    auto const bytes = random_bytes(size, 14);
    auto const d = digest_of(bytes);
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).chunked());
    m.start();
    auto const a = m.get(blob_path(d));
    CHECK(looks_right(a));
    CHECK(a.body == bytes);
    CHECK(a.header("Transfer-Encoding") == "chunked");
    CHECK(m.number("/bytes/served") == static_cast<std::int64_t>(size));
}

TEST_CASE("a client that takes no chunks is told that there is no room, and nothing about our folders") {
    full_mirror m;
    auto const bytes = random_bytes(600'000, 15);
    auto const d = digest_of(bytes);
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).chunked());
    m.start();
    http_client c(m.server->port());
    c.send_raw("GET " + blob_path(d) + " HTTP/1.0\r\n\r\n");
    auto const raw = c.read_raw_to_end();
    CHECK(raw.starts_with("HTTP/1.1 503"));
    CHECK(raw.find("UNAVAILABLE") != std::string::npos);
    CHECK(raw.find("the cache has no room for this") != std::string::npos);
    CHECK(raw.find(m.store.path().string()) == std::string::npos);
}

TEST_CASE("room that ends in the middle of a body of unknown length ends no pull") {
    full_mirror m;
    auto const bytes = random_bytes(6'000'000, 16);
    auto const d = digest_of(bytes);
    m.origin.on("GET", blob_path(d)).reply(reply(200).body(bytes).chunked());
    m.start(limited_disk::plenty);
    m.disk->fill_up_at_first_write();
    auto const a = m.get(blob_path(d));
    CHECK(looks_right(a));
    CHECK(a.body == bytes);
    CHECK(m.becomes("/requests/blob/unstored", 1));
    CHECK(m.number("/store/objects") == 0);
}

TEST_CASE("without room a HEAD is answered as ever") {
    full_mirror m;
    auto const d = m.put_blob(repo, random_bytes(5000, 17));
    m.start(limited_disk::full);
    auto const a = m.head(blob_path(d));
    CHECK(a.status == 200);
    CHECK(a.header("Content-Length") == "5000");
}

TEST_CASE("without room manifests are served by tag and by digest") {
    full_mirror m;
    auto const free = GENERATE(limited_disk::room_for_index, limited_disk::full);
    auto const manifest = image_manifest({random_bytes(300, 18)});
    auto const d = m.put_manifest(repo, "1", manifest);
    m.start(free);
    for (auto const& reference : {std::string("1"), d, std::string("1")}) {
        auto const a = m.get("/v2/" + repo + "/manifests/" + reference);
        CHECK(a.status == 200);
        CHECK(a.body == manifest);
        CHECK(a.header("Cache-Status") == "layerd; fwd=miss");
        CHECK(a.header("Docker-Content-Digest") == d);
    }
    CHECK(m.number("/store/objects") == 0);
}

TEST_CASE("without room what upstream does not have is still a 404") {
    full_mirror m;
    m.start(limited_disk::full);
    CHECK(m.get(blob_path(digest_of("nowhere"))).status == 404);
    CHECK(m.get("/v2/" + repo + "/manifests/none").status == 404);
}
