// What one client, or all of them, may take: each bound is met, said, counted, and costs nobody else anything.
#include "oci/media_type.h"
#include "store/content_store.h"
#include "store/hosted/hosted_repositories.h"
#include "store/hosted/tag_counts.h"
#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/few_files.h"
#include "tests/support/guarded_mirror.h"
#include "tests/support/pusher.h"
#include "tests/support/test_thread.h"
#include "tests/support/token_desk.h"

#include <array>
#include <fstream>
#include <latch>

using namespace tests;

namespace {

std::string half_of_a_push(std::string const& repo, std::string const& bytes) {
    return "POST /v2/" + repo + "/blobs/uploads/?digest=" + digest_of(bytes) + " HTTP/1.1\r\nHost: layerd.test\r\n" +
           "Content-Length: " + std::to_string(bytes.size()) + "\r\n\r\n" + bytes.substr(0, bytes.size() / 2);
}

} // namespace

TEST_CASE("who asks faster than it may waits for its turn, and far ahead of it is told to come back") {
    mirror m;
    m.settings.server.requests_per_client = 2;
    m.start();
    std::vector<std::unique_ptr<http_client>> clients;
    for (int i = 0; i < 40; ++i)
        clients.push_back(std::make_unique<http_client>(m.server->port()));
    for (auto& c : clients)
        c->send_get("/v2/");
    std::size_t served = 0, sent_away = 0;
    for (auto& c : clients) {
        auto const answer = c->read_raw_until("\r\n\r\n");
        served += answer.starts_with("HTTP/1.1 200") ? 1 : 0;
        sent_away += answer.starts_with("HTTP/1.1 503") && answer.find("Retry-After: 1") != answer.npos ? 1 : 0;
    }
    CHECK(served + sent_away == 40);
    CHECK(served >= 2);
    CHECK(sent_away >= 6);
    CHECK(m.refused("requests") == sent_away);
    CHECK(http_client(m.server->port(), "127.0.0.2").get("/v2/").status == 200); // another client
}

TEST_CASE("a head that is too large is refused, and of large ones so many are read at a time") {
    mirror m;
    m.settings.server.threads = 1;
    m.start();
    auto const head = "GET /v2/ HTTP/1.1\r\nHost: layerd.test\r\nX-Long: " + std::string(9000, 'x');
    std::vector<std::unique_ptr<http_client>> clients;
    for (int i = 0; i < 140; ++i) {
        clients.push_back(std::make_unique<http_client>(m.server->port()));
        clients.back()->send_raw(head);
    }
    std::size_t turned_away = 0;
    for (std::size_t i = 128; i < 140; ++i)
        turned_away += clients[i]->read_raw_to_end().starts_with("HTTP/1.1 503") ? 1 : 0;
    CHECK(turned_away == 12);
    CHECK(m.refused("large_heads") == 12);
    CHECK(m.get("/v2/").status == 200);
    for (std::size_t i = 0; i < 128; ++i) {
        clients[i]->send_raw("\r\nConnection: close\r\n\r\n");
        CHECK(clients[i]->read_raw_to_end().starts_with("HTTP/1.1 200"));
    }
    CHECK(m.get("/v2/", {{"X-Long", std::string(20'000, 'x')}}).status == 200);
    CHECK(m.get("/v2/", {{"X-Long", std::string(40'000, 'x')}}).status == 431);
    CHECK(m.refused("head_size") == 1);
}

TEST_CASE("a head is as large as its fields together, however they come") {
    mirror m;
    m.start();
    // Each read of the server ends one byte into a field, so that nothing of the head is left over but that byte.
    constexpr std::size_t piece = 2048;
    auto const padded = [](std::string start, std::size_t size) {
        return start + std::string(size - start.size() - 2, 'x') + "\r\n";
    };
    auto const status = [&](std::size_t fields) {
        auto head = padded("GET /v2/ HTTP/1.1\r\nHost: layerd.test\r\nA: ", piece - 1);
        for (std::size_t i = 0; i < fields; ++i)
            head += padded("a: ", piece);
        head += "\r\n";
        http_client c(m.server->port());
        for (std::size_t at = 0; at < head.size(); at += piece)
            c.send_raw(head.substr(at, piece));
        return c.read_raw_until("\r\n").substr(9, 3);
    };
    CHECK(status(14) == "200"); // 30 KiB
    CHECK(status(15) == "431"); // 32 KiB and one byte
    CHECK(status(100) == "431");
    CHECK(m.refused("head_size") == 2);
}

TEST_CASE("a head has so many fields, and names one host") {
    mirror m;
    m.start();
    auto const status = [&](std::string const& head) {
        http_client c(m.server->port());
        c.send_raw(head + "\r\n");
        return c.read_raw_until("\r\n").substr(9, 3);
    };
    auto const fields = [](std::size_t n) {
        std::string all = "GET /v2/ HTTP/1.1\r\nHost: layerd.test\r\n";
        for (std::size_t i = 1; i < n; ++i)
            all += "a:\r\n";
        return all;
    };
    CHECK(status(fields(128)) == "200");
    CHECK(status(fields(129)) == "431");
    CHECK(status(fields(5000)) == "431");
    CHECK(status("GET /v2/ HTTP/1.1\r\n") == "400");
    CHECK(status("GET /v2/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n") == "400");
    CHECK(status("GET /v2/ HTTP/1.0\r\nHost: a\r\nHost: b\r\n") == "400");
    CHECK(status("GET /v2/ HTTP/1.0\r\n") == "200");
    CHECK(m.refused("head_size") == 2);
}

TEST_CASE("one client begins so many downloads, follows any, and leaves others theirs") {
    mirror m;
    m.settings.server.max_fills = 20;
    auto const flow = gate::closed();
    auto const begin = [&](char const* from, unsigned seed) { // which does not end
        auto const path = "/v2/library/app/blobs/" + digest_of(random_bytes(1000, seed));
        m.origin.on("GET", path).reply(reply(200).body(random_bytes(1000, seed)).hold_head(flow));
        auto c = std::make_unique<http_client>(m.server->port(), from);
        c->send_get(path);
        REQUIRE(m.origin.wait_for(path, 1));
        return c;
    };
    m.start();
    std::vector<std::unique_ptr<http_client>> clients;
    for (unsigned i = 0; i < 16; ++i)
        clients.push_back(begin("127.0.0.1", i));
    auto const one_more = "/v2/library/app/blobs/" + m.put_blob("library/app", random_bytes(1000, 16));
    auto const refusal = m.get(one_more);
    CHECK(refusal.status == 503);
    CHECK(refusal.header("Retry-After") == "1");
    CHECK(m.refused("fills") == 1);
    clients.push_back(begin("127.0.0.2", 17));
    auto const path_of_other = "/v2/library/app/blobs/" + digest_of(random_bytes(1000, 17));
    http_client follower(m.server->port());
    follower.send_get(path_of_other);
    auto const fills = [&] { return http_get(m.server->admin_port(), "/api/v1/fills").body; };
    REQUIRE(eventually([&] { return fills().find("\"followers\":2") != std::string::npos; }));
    CHECK(http_client(m.server->port(), "127.0.0.2").get(one_more).status == 200);
    flow->open();
    CHECK(follower.read_raw_until("\r\n\r\n").find("layerd; fwd=miss; collapsed") != std::string::npos);
    for (auto const& c : clients)
        CHECK(c->read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    auto const anew = "/v2/library/app/blobs/" + m.put_blob("library/app", random_bytes(1000, 18));
    CHECK(m.get(anew).status == 200);
}

TEST_CASE("a pushed manifest is nested no deeper than any client reads") {
    pusher p;
    auto const deep = std::string(33, '[') + std::string(33, ']');
    auto const answer =
        p.put_manifest(app, "1", blob(R"({"x":)" + deep + "}", "application/vnd.oci.image.manifest.v1+json"));
    CHECK(refusal(answer) == "400 MANIFEST_INVALID");
    CHECK(answer.body.find("32 levels") != std::string::npos);
    CHECK(p.refused("json_depth") == 1);
}

TEST_CASE("who is idle, does not end its head, or does not read is let go, and counted") {
    mirror m;
    SECTION("idle") {
        m.settings.server.idle_timeout = std::chrono::seconds(3);
        m.start();
        http_client c(m.server->port());
        CHECK(c.get("/v2/").status == 200);
        CHECK(c.read_raw_to_end().empty());
        CHECK(m.refused("idle_timeout") == 1);
    }
    SECTION("head") {
        m.settings.server.header_timeout = std::chrono::seconds(3);
        m.start();
        http_client c(m.server->port());
        c.send_raw("GET /v2/ HTTP/1.1\r\nHost: lay");
        CHECK(c.read_raw_to_end().empty());
        CHECK(m.refused("header_timeout") == 1);
    }
    SECTION("reader") {
        m.settings.server.write_timeout = std::chrono::seconds(3);
        m.start();
        http_client c(m.server->port());
        c.send_get("/v2/library/app/blobs/" + m.put_blob("library/app", random_bytes(32'000'000, 7)));
        CHECK(eventually([&] { return m.refused("write_timeout") == 1; }));
    }
    SECTION("request") { // who reads on and on
        m.settings.server.request_timeout = std::chrono::seconds(2);
        m.settings.server.bandwidth_per_client = 1'000'000;
        m.start();
        http_client c(m.server->port());
        c.send_get("/v2/library/app/blobs/" + m.put_blob("library/app", random_bytes(32'000'000, 7)));
        CHECK(c.read_raw_to_end().size() < 16'000'000);
        CHECK(m.refused("request_timeout") == 1);
    }
    CHECK(m.get("/v2/").status == 200);
}

TEST_CASE("a disk that does not keep up is not asked for more, and says so") {
    struct stalled_files : store::file_system {
        std::atomic<bool> stalls{false};
        std::latch go_on{1};
        ssize_t write(int fd, void const* data, std::size_t size, off_t offset) noexcept override {
            if (stalls)
                go_on.wait();
            return file_system::write(fd, data, size, offset);
        }
    };
    auto const files = std::make_shared<stalled_files>();
    mirror m;
    m.seams.files = files;
    m.settings.server.max_disk_queue = 2;
    m.start();
    files->stalls = true;
    constexpr unsigned clients = 40; // each holds one of the disk's threads, or waits for one
    std::atomic<unsigned> stored = 0, sent_away = 0, ended = 0;
    {
        std::vector<test_thread> threads;
        for (unsigned i = 0; i < clients; ++i)
            threads.emplace_back([&, i] {
                counted_end const told(ended);
                auto const bytes = random_bytes(200'000, i);
                http_client c(m.server->port());
                c.send_raw(half_of_a_push("local/app", bytes) + bytes.substr(100'000));
                auto const answer = c.read_raw_until("\r\n\r\n");
                stored += answer.starts_with("HTTP/1.1 201") ? 1 : 0;
                sent_away += answer.starts_with("HTTP/1.1 503") && answer.find("Retry-After: 1") != answer.npos ? 1 : 0;
            });
        ended.wait(0); // by being sent away: nothing is stored yet
        files->go_on.count_down();
    }
    CHECK(stored + sent_away == clients);
    CHECK(stored >= 3);
    CHECK(m.refused("disk") == sent_away);
}

TEST_CASE("a quota bounds what is pushed and what is being pushed, and each refusal is counted") {
    mirror m;
    m.settings.hosted.max_used_space = {150'000, {}};
    m.start();
    auto const status = [&](std::string const& method, std::string const& at, std::string const& bytes) {
        return refusal(http_client(m.server->port()).request(method, at, {}, bytes));
    };
    auto const at = [](std::string const& bytes) { return "/v2/local/app/blobs/uploads/?digest=" + digest_of(bytes); };
    auto const first = random_bytes(100'000, 1), second = random_bytes(100'000, 2);
    CHECK(http_client(m.server->port()).request("POST", at(first), {}, first).status == 201);
    CHECK(status("POST", at(second), second) == "403 DENIED");
    auto const begin = [&] {
        return http_client(m.server->port()).request("POST", "/v2/local/app/blobs/uploads/").header("Location");
    };
    auto const one = begin(), other = begin();
    CHECK(http_client(m.server->port()).request("PATCH", one, {}, second).status == 202);
    CHECK(status("PATCH", other, second) == "429 TOOMANYREQUESTS");
    CHECK(status("PATCH", one, second) == "403 DENIED");
    CHECK(m.refused("quota") == 3);
}

TEST_CASE("a manifest that is promised and does not come takes no memory, and large ones are few at a time") {
    mirror m;
    m.start();
    auto const promise =
        "PUT /v2/local/app/manifests/1 HTTP/1.1\r\nHost: layerd.test\r\nContent-Length: 4000000\r\n\r\n";
    std::vector<std::unique_ptr<http_client>> clients;
    for (int i = 0; i < 30; ++i) { // more than there are turns: pulls and small manifests have others
        clients.push_back(std::make_unique<http_client>(m.server->port()));
        clients.back()->send_raw(promise);
    }
    CHECK(m.get("/v2/").status == 200);
    auto const manifest = image_manifest({"{}"});
    auto const put = http_client(m.server->port())
                         .request("PUT", "/v2/local/app/manifests/1",
                                  {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}}, manifest);
    CHECK(put.status != 503);
}

TEST_CASE("bodies beyond a bound wait until others are there, and keep nobody from pulling") {
    mirror m;
    m.settings.server.max_bodies = 1;
    m.start();
    auto const first = random_bytes(200'000, 1), second = random_bytes(200'000, 2);
    http_client slow(m.server->port());
    slow.send_raw(half_of_a_push("local/app", first));
    auto const stored = [&] { return m.stats().find("\"pushed\":100000") != std::string::npos; };
    REQUIRE(eventually(stored)); // its turn has come
    http_client next(m.server->port(), "127.0.0.2");
    next.send_raw(half_of_a_push("local/app", second) + second.substr(100'000));
    CHECK(m.get("/v2/").status == 200);
    CHECK(m.get("/v2/local/app/blobs/" + digest_of(second)).status == 404);
    slow.send_raw(first.substr(100'000));
    CHECK(slow.read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 201"));
    CHECK(next.read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 201"));
}

TEST_CASE("a blob larger than a bound is refused before it is here, in one piece and in many") {
    mirror m;
    m.settings.hosted.max_blob_size = 100'000;
    m.start();
    auto const fits = random_bytes(100'000, 1), large = random_bytes(100'001, 2);
    auto const at = [](std::string const& bytes) { return "/v2/local/app/blobs/uploads/?digest=" + digest_of(bytes); };
    http_client c(m.server->port());
    CHECK(c.request("POST", at(fits), {}, fits).status == 201);
    auto const answer = c.request("POST", at(large), {}, large);
    CHECK(refusal(answer) == "413 SIZE_INVALID");
    CHECK(http_client(m.server->port()).request_in_chunks("POST", at(large), {}, large).status == 413);

    auto const session =
        http_client(m.server->port()).request("POST", "/v2/local/app/blobs/uploads/").header("Location");
    CHECK(http_client(m.server->port()).request("PATCH", session, {}, large.substr(0, 60'000)).status == 202);
    CHECK(http_client(m.server->port()).request("PATCH", session, {}, large.substr(60'000)).status == 413);
    auto const rest = session + "?digest=" + digest_of(large);
    CHECK(http_client(m.server->port()).request("PUT", rest, {}, large.substr(60'000)).status == 413);
    CHECK(m.refused("body_size") == 4);
}

TEST_CASE("who holds forms or manifests back keeps nobody else's push waiting") {
    guarded_mirror m("[[access.rule]]\nusers = [\"*\"]\nallow = [\"pull\", \"push\"]\n");
    m.start();
    auto const large = image_manifest({"{}"}) + std::string(300'000, ' ');
    REQUIRE(m.status("POST", "/v2/local/app/blobs/uploads/?digest=" + digest_of("{}"), bob(), "{}") == 201);
    auto const token = m.token("?scope=repository:local/app:push", alice()); // sixteen logins at once are too many
    std::vector<std::unique_ptr<http_client>> held;
    auto const hold = [&](std::string const& head) {
        held.push_back(std::make_unique<http_client>(m.server->port()));
        held.back()->send_raw(head + "Host: localhost\r\nExpect: 100-continue\r\n\r\n");
    };
    for (int i = 0; i < 300; ++i)
        hold("POST /token HTTP/1.1\r\nContent-Length: 60000\r\n");
    for (int i = 0; i < 16; ++i) {
        hold("PUT /v2/local/app/manifests/x HTTP/1.1\r\nContent-Length: 4000000\r\nAuthorization: " + token + "\r\n");
        if (i < 2) // alice's share
            held.back()->read_raw_until("100 Continue");
    }
    CHECK(m.status("PUT", "/v2/local/app/manifests/1", bob(), large) == 201);
    CHECK(m.status("POST", "/v2/local/app/blobs/uploads/?digest=" + digest_of("x"), bob(), "x") == 201);
}

TEST_CASE("a form that does not come is not waited for", "[long]") { // for more than ten seconds
    guarded_mirror m("[[access.rule]]\nusers = [\"*\"]\nallow = [\"pull\"]\n");
    m.start();
    http_client silent(m.server->port()), slow(m.server->port());
    auto const begun = "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\ngrant_type=";
    silent.send_raw(begun);
    slow.send_raw(begun);
    while (!slow.answers_within(std::chrono::milliseconds(500)))
        slow.send_raw("x");
    CHECK(slow.read_raw_to_end().starts_with("HTTP/1.1 408 "));
    CHECK(silent.read_raw_to_end().empty());
    CHECK(m.refused("body_rate") == 2);
}

TEST_CASE("of passwords so many are checked at a time, for the registry and for its operators") {
    guarded_mirror m("[[access.rule]]\nnetworks = [\"127.0.0.1\"]\nallow = [\"pull\", \"admin\"]\n");
    std::ofstream(m.files.path() / "htpasswd") // htpasswd -nbB -C 8: one takes some 15 ms
        << "ci:$2y$08$20ayiFRjXDsas2H27hNr4uD1dMNn4Y9ae.CQLRCzMlJu17RRgCm1C\n";
    m.start();
    struct door {
        std::uint16_t port;
        char const* target;
        std::size_t refused = 0;
    };
    std::array doors{door{m.server->port(), "/v2/"}, door{m.server->admin_port(), "/api/v1/stats"}};
    std::vector<std::unique_ptr<http_client>> clients;
    for (std::size_t i = 0; i < 60; ++i)
        clients.push_back(std::make_unique<http_client>(doors[i % 2].port));
    for (std::size_t i = 0; i < clients.size(); ++i) {
        auto const& to = doors[i % 2];
        clients[i]->send_raw(std::string("GET ") + to.target + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: " +
                             basic_authorization("ci", "guess " + std::to_string(i)) + "\r\n\r\n");
    }
    for (std::size_t i = 0; i < clients.size(); ++i)
        doors[i % 2].refused += clients[i]->read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 503 ") ? 1 : 0;
    CHECK(doors[0].refused > 0);
    CHECK(doors[1].refused > 0);
    CHECK(m.refused("logins") == doors[0].refused + doors[1].refused);
}

TEST_CASE("a repository with all the tags that it may have takes no other, and that is counted") {
    mirror m;
    auto const config = std::string("{}"), manifest = image_manifest({config});
    auto const path = "/v2/local/app/manifests/";
    {
        auto store = store::content_store::open({.path = m.store.path()}).value();
        store->hosted().set_rules({.prefixes = {"local"}});
        REQUIRE(store->hosted().put_small_blob("local/app", oci::digest::of(config), config));
        auto const type = std::string(oci::media_type::oci_manifest);
        std::vector<oci::tag> tags;
        for (std::size_t i = 0; i < store::tag_counts::tags_max; ++i)
            tags.push_back(oci::tag::parse("v" + std::to_string(i)).value());
        auto const parsed = oci::parse_pushed_manifest(manifest, type).value();
        REQUIRE(store->hosted().put_manifest("local/app",
                                             {oci::digest::of(manifest), manifest, parsed, std::move(tags), "{}"}));
        REQUIRE(store->flush());
    }
    m.start();
    auto const put = [&](std::string const& tag) {
        return http_client(m.server->port())
            .request("PUT", path + tag, {{"Content-Type", std::string(oci::media_type::oci_manifest)}}, manifest);
    };
    CHECK(refusal(put("one-more")) == "403 DENIED");
    CHECK(put("v7").status == 201);
    CHECK(m.refused("tags") == 1);
}

TEST_CASE("each client may have so many uploads under way, and gets others when it ends some") {
    guarded_mirror m("[[access.rule]]\nusers = [\"*\"]\nallow = [\"pull\", \"push\"]\n");
    m.settings.hosted.max_uploads_per_client = 2;
    m.start();
    auto const begin = [&](std::string const& who) { return m.ask("POST", "/v2/local/app/blobs/uploads/", who); };
    auto const session = begin(alice()).header("Location");
    CHECK(begin(alice()).status == 202);
    CHECK(refusal(begin(alice())) == "429 TOOMANYREQUESTS");
    CHECK(begin(bob()).status == 202);
    CHECK(m.status("DELETE", session, alice()) == 204);
    CHECK(begin(alice()).status == 202);
    CHECK(begin(alice()).status == 429);
    CHECK(m.refused("upload_sessions") == 2);
}

TEST_CASE("who meets a want of descriptors is told to try again, and an upload goes on from where it was") {
    mirror m;
    auto const files = std::make_shared<few_files>();
    m.seams.files = files;
    auto const stored = random_bytes(100'000, 1), pushed = random_bytes(100'000, 2);
    auto const target = "/v2/library/a/blobs/" + m.put_blob("library/a", stored);
    m.start();
    REQUIRE(m.get(target).status == 200);
    files->refuse = 1000;
    auto const pull = m.get(target);
    CHECK(pull.status == 503);
    CHECK(pull.header("Retry-After") == "1");
    files->refuse = 0;
    CHECK(m.get(target).body == stored);

    http_client c(m.server->port());
    auto const session = c.request("POST", "/v2/local/app/blobs/uploads/", {}, "").header("Location");
    files->refuse = 1000;
    auto const piece = c.request("PATCH", session, {}, pushed);
    CHECK(piece.status == 503);
    CHECK(piece.header("Retry-After") == "1");
    files->refuse = 0;
    CHECK(http_client(m.server->port()).request("PATCH", session, {}, pushed).status == 202);
    CHECK(http_client(m.server->port()).request("PUT", session + "?digest=" + digest_of(pushed), {}, "").status == 201);
    CHECK(m.refused("open_files") == 2);
}
