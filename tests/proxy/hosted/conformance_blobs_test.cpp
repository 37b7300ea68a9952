// What the distribution specification and its conformance suites demand of blobs: pushed whole, mounted, read, deleted.
#include "tests/catch.h"
#include "tests/support/pusher.h"

using namespace tests;

namespace {

http_client::headers const octets{{"Content-Type", "application/octet-stream"}};

// Every check of a blob that is here.
void check_readable(pusher const& p, std::string const& repo, content const& c) {
    auto const d = c.digest.to_string();
    auto const whole = p.get(blob_path(repo, c));
    CHECK(whole.status == 200);
    CHECK(whole.body == c.bytes);
    CHECK(whole.header("Content-Length") == std::to_string(c.bytes.size()));
    CHECK(whole.header("Docker-Content-Digest") == d);
    CHECK(whole.header("Content-Type") == "application/octet-stream");
    CHECK(whole.header("Accept-Ranges") == "bytes");
    auto const head = p.head(blob_path(repo, c));
    CHECK(head.status == 200);
    CHECK(head.header("Content-Length") == std::to_string(c.bytes.size()));
    CHECK(head.header("Docker-Content-Digest") == d);
}

void check_absent(pusher const& p, std::string const& repo, content const& c) {
    CHECK(refusal(p.get(blob_path(repo, c))) == "404 BLOB_UNKNOWN");
    CHECK(p.head(blob_path(repo, c)).status == 404);
}

void check_stored(http_answer const& a, std::string const& repo, content const& c) {
    CHECK(a.status == 201);
    CHECK(a.body.empty());
    CHECK(a.header("Content-Length") == "0");
    CHECK(a.header("Location") == blob_path(repo, c));
    CHECK(a.header("Docker-Content-Digest") == c.digest.to_string());
}

} // namespace

TEST_CASE("a blob that was never pushed is unknown") {
    pusher const p;
    for (auto const& c : by_both(512, 1)) {
        check_absent(p, app, c); // nor is the repository
        p.push(app, random_blob(512, 2));
        check_absent(p, app, c);
    }
}

TEST_CASE("a POST with a digest and a body is a whole push") {
    pusher const p;
    for (auto const& c : by_both(512, 3)) {
        check_stored(p.post_blob(app, c), app, c);
        check_readable(p, app, c);
    }
}

TEST_CASE("a POST opens a session at a short relative URL that says it has no byte") {
    pusher const p;
    auto const a = p.ask("POST", uploads_path(app), {{"Content-Type", "application/json"}});
    CHECK(a.status == 202);
    auto const session = a.header("Location");
    CHECK(session.starts_with(uploads_path(app)));
    CHECK(session.size() > uploads_path(app).size());
    CHECK(session.find_first_of("?#") == std::string::npos);
    CHECK(session.substr(uploads_path(app).size()) == a.header("Docker-Upload-UUID"));
    CHECK(a.header("Range") == "0-0");
    CHECK(a.header("Content-Length") == "0");
    CHECK(p.open_upload(app) != session);
}

TEST_CASE("a POST and a PUT of the whole body store a blob") {
    pusher const p;
    for (auto const& c : by_both(512, 4)) {
        check_stored(p.close(p.open_upload(), c.digest.to_string(), c.bytes), app, c);
        check_readable(p, app, c);
    }
}

TEST_CASE("the digest of a closing PUT may be escaped or not") {
    pusher const p;
    auto const c = random_blob(512, 5);
    for (auto const& text : {c.digest.to_string(), escaped(c.digest.to_string())})
        check_stored(p.ask("PUT", with(p.open_upload(), "digest=" + text), octets, c.bytes), app, c);
}

TEST_CASE("an algorithm may be hinted at when a session is opened") {
    pusher const p;
    auto const c = random_blob(512, 6, oci::algorithm::sha512);
    auto const a = p.ask("POST", uploads_path(app) + "?digest-algorithm=sha512");
    REQUIRE(a.status == 202);
    check_stored(p.close(a.header("Location"), c.digest.to_string(), c.bytes), app, c);
}

TEST_CASE("the hint of an algorithm does not bind") {
    pusher const p;
    auto const c = random_blob(512, 7);
    auto const a = p.ask("POST", uploads_path(app) + "?digest-algorithm=sha512");
    check_stored(p.close(a.header("Location"), c.digest.to_string(), c.bytes), app, c);
}

TEST_CASE("one body may be known by two algorithms") {
    pusher const p;
    auto const first = random_blob(100'000, 8);
    auto const second = blob(first.bytes, media::layer, oci::algorithm::sha512);
    p.push(app, first);
    check_absent(p, app, second);
    p.push(app, second);
    check_readable(p, app, first);
    check_readable(p, app, second);
}

TEST_CASE("bodies of unknown length are taken by POST and PUT") {
    pusher const p;
    for (auto const& c : by_both(5000, 9)) {
        auto const digest = "digest=" + c.digest.to_string();
        check_stored(p.ask_in_chunks("POST", with(uploads_path(app), digest), octets, c.bytes), app, c);
        check_stored(p.ask_in_chunks("PUT", with(p.open_upload(other), digest), octets, c.bytes), other, c);
        check_readable(p, app, c);
        check_readable(p, other, c);
    }
}

TEST_CASE("a large blob comes back as it was pushed") {
    pusher const p;
    for (auto const& c : by_both(5'000'001, 10)) {
        p.push(app, c);
        check_readable(p, app, c);
    }
}

TEST_CASE("a whole push and a pull go over one connection") {
    pusher const p;
    auto const c = random_blob(3000, 11);
    http_client client(p.server->port());
    auto const session = client.request("POST", uploads_path(app)).header("Location");
    CHECK(client.request("PATCH", session, octets, c.bytes).status == 202);
    CHECK(client.request("PUT", with(session, "digest=" + c.digest.to_string())).status == 201);
    CHECK(client.get(blob_path(app, c)).body == c.bytes);
    CHECK(client.request("DELETE", blob_path(app, c)).status == 202);
    CHECK(client.get(blob_path(app, c)).status == 404);
}

TEST_CASE("a client that waits to be asked for its body is asked") {
    pusher const p;
    auto const c = random_blob(300, 12);
    http_client client(p.server->port());
    client.send_raw("PUT " + with(p.open_upload(), "digest=" + c.digest.to_string()) +
                    " HTTP/1.1\r\nHost: layerd.test\r\nContent-Length: 300\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.read_raw_until("\r\n\r\n").starts_with("HTTP/1.1 100 "));
    client.send_raw(c.bytes);
    client.read_raw_until("HTTP/1.1 201 ");
    check_readable(p, app, c);
}

TEST_CASE("a blob may be pushed again") {
    pusher const p;
    for (auto const& c : by_both(512, 13)) {
        p.push(app, c);
        check_stored(p.post_blob(app, c), app, c);
        check_stored(p.close(p.open_upload(), c.digest.to_string(), c.bytes), app, c);
        check_readable(p, app, c);
    }
}

TEST_CASE("two pushes of one blob at the same time both succeed") {
    pusher const p;
    auto const c = random_blob(200'000, 14);
    auto const first = p.open_upload(), second = p.open_upload(other);
    CHECK(p.append(first, c.bytes).status == 202);
    CHECK(p.append(second, c.bytes).status == 202);
    check_stored(p.close(first, c.digest.to_string()), app, c);
    check_stored(p.close(second, c.digest.to_string()), other, c);
    check_readable(p, app, c);
    check_readable(p, other, c);
}

TEST_CASE("a blob is visible in no repository before its digest is verified") {
    pusher const p;
    for (auto const& c : by_both(512, 15)) {
        auto const session = p.open_upload();
        CHECK(p.append(session, c.bytes).status == 202);
        check_absent(p, app, c);
        CHECK(p.close(session, c.digest.to_string()).status == 201);
        check_readable(p, app, c);
        check_absent(p, other, c);
    }
}

TEST_CASE("a push whose connection breaks off leaves nothing to be seen") {
    pusher const p;
    auto const c = random_blob(1000, 16);
    for (auto const& target : {with(uploads_path(app), "digest=" + c.digest.to_string()),
                               with(p.open_upload(), "digest=" + c.digest.to_string())}) {
        http_client client(p.server->port());
        auto const* const method = target.starts_with(uploads_path(app) + '?') ? "POST " : "PUT ";
        client.send_raw(method + target + " HTTP/1.1\r\nHost: layerd.test\r\nContent-Length: 1000\r\n\r\n" +
                        c.bytes.substr(0, 999));
        client.hang_up();
    }
    check_absent(p, app, c);
    p.push(app, c);
    check_readable(p, app, c);
}

TEST_CASE("a blob is mounted from another repository without a body") {
    pusher const p;
    for (auto const& c : by_both(512, 17)) {
        p.push(other, c);
        check_stored(p.mount(app, c.digest.to_string(), other), app, c);
        check_readable(p, app, c);
    }
}

TEST_CASE("a mount's parameters may be escaped or not, and others stand beside them") {
    pusher const p;
    auto const c = random_blob(512, 18);
    p.push(other, c);
    auto const target =
        uploads_path(app) + "?mount=" + c.digest.to_string() + "&from=" + other + "&origin=registry.example.com";
    check_stored(p.ask("POST", target), app, c);
}

TEST_CASE("a mount that names no source takes the blob from wherever it is") {
    pusher const p;
    for (auto const& c : by_both(512, 19)) {
        p.push(other, c);
        check_stored(p.mount(app, c.digest.to_string(), ""), app, c);
        check_readable(p, app, c);
    }
}

TEST_CASE("a mount of a blob that nobody has opens a session that takes it") {
    pusher const p;
    p.push(other, random_blob(512, 20));
    unsigned seed = 1000;
    for (auto const* from : {"local/other", "local/never/heard/of", ""})
        for (auto const& c : by_both(512, seed++)) {
            auto const a = p.mount(app, c.digest.to_string(), from);
            CHECK(a.status == 202);
            auto const session = a.header("Location");
            CHECK(session.starts_with(uploads_path(app)));
            CHECK(session.size() > uploads_path(app).size());
            check_stored(p.close(session, c.digest.to_string(), c.bytes), app, c);
        }
}

TEST_CASE("a blob that was deleted everywhere can be mounted no more") {
    pusher const p;
    auto const c = random_blob(512, 22);
    p.push(other, c);
    CHECK(p.ask("DELETE", blob_path(other, c)).status == 202);
    CHECK(p.mount(app, c.digest.to_string(), other).status == 202);
    check_absent(p, app, c);
}

TEST_CASE("a mounted blob outlives the deletion of its source") {
    pusher const p;
    auto const c = random_blob(512, 23);
    p.push(other, c);
    CHECK(p.mount(app, c.digest.to_string(), other).status == 201);
    CHECK(p.ask("DELETE", blob_path(other, c)).status == 202);
    check_absent(p, other, c);
    check_readable(p, app, c);
}

TEST_CASE("a blob that was pulled through the mirror is mounted without a body") {
    pusher p;
    auto const c = random_blob(5000, 24);
    p.put_blob("library/alpine", c.bytes);
    REQUIRE(p.get(blob_path("library/alpine", c)).status == 200);
    check_stored(p.mount(app, c.digest.to_string(), "library/alpine"), app, c);
    check_readable(p, app, c);
    check_stored(p.mount(other, c.digest.to_string(), "docker.io/library/alpine"), other, c);
    check_stored(p.mount("local/third", c.digest.to_string(), ""), "local/third", c);
}

TEST_CASE("the empty blob is a blob, however it is pushed") {
    pusher const p;
    for (auto const algorithm : {oci::algorithm::sha256, oci::algorithm::sha512}) {
        auto const c = blob("", media::layer, algorithm);
        auto const d = c.digest.to_string();
        check_stored(p.post_blob(app, c), app, c);
        check_readable(p, app, c);
        auto const session = p.open_upload("local/patched");
        CHECK(p.ask_in_chunks("PATCH", session, octets, "").status == 202);
        check_stored(p.close(session, d), "local/patched", c);
        check_readable(p, "local/patched", c);
        check_stored(p.close(p.open_upload("local/put"), d), "local/put", c);
        check_readable(p, "local/put", c);
        auto const target = with(p.open_upload(other), "digest=" + d);
        check_stored(p.ask_in_chunks("PUT", target, octets, ""), other, c);
        check_readable(p, other, c);
    }
}

TEST_CASE("the blob of an empty JSON object is a blob") {
    pusher const p;
    for (auto const algorithm : {oci::algorithm::sha256, oci::algorithm::sha512}) {
        auto const c = blob("{}", media::empty_json, algorithm);
        check_stored(p.post_blob(app, c), app, c);
        check_readable(p, app, c);
    }
}

TEST_CASE("a part of a pushed blob is exact") {
    pusher const p;
    struct part {
        char const* asked;
        std::size_t first, length;
        char const* answered;
    };
    for (auto const& c : by_both(2048, 25)) {
        p.push(app, c);
        for (auto const& want : {part{"bytes=500-1499", 500, 1000, "bytes 500-1499/2048"},
                                 part{"bytes=500-", 500, 1548, "bytes 500-2047/2048"},
                                 part{"bytes=-500", 1548, 500, "bytes 1548-2047/2048"},
                                 part{"bytes=2000-5000", 2000, 48, "bytes 2000-2047/2048"}}) {
            auto const a = p.get(blob_path(app, c), {{"Range", want.asked}});
            CHECK(a.status == 206);
            CHECK(a.body == c.bytes.substr(want.first, want.length));
            CHECK(a.header("Content-Length") == std::to_string(want.length));
            CHECK(a.header("Content-Range") == want.answered);
        }
    }
}

TEST_CASE("a part that is not there, or ends before it begins, is refused with the blob's size") {
    pusher const p;
    for (auto const& c : by_both(2048, 26)) {
        p.push(app, c);
        for (auto const* range : {"bytes=500-0", "bytes=5000-10000"}) {
            auto const a = p.get(blob_path(app, c), {{"Range", range}});
            CHECK(a.status == 416);
            CHECK(a.header("Content-Range") == "bytes */2048");
        }
    }
}

TEST_CASE("a HEAD of a pushed blob tells of the whole, whatever part it names") {
    pusher const p;
    auto const c = random_blob(2048, 27);
    p.push(app, c);
    auto const a = p.ask("HEAD", blob_path(app, c), {{"Range", "bytes=0-9"}});
    CHECK(a.status == 200);
    CHECK(a.header("Content-Length") == "2048");
}

TEST_CASE("a blob is deleted from its repository at once, and from no other") {
    pusher const p;
    for (auto const& c : by_both(512, 28)) {
        p.push(app, c);
        p.push(other, c);
        CHECK(p.ask("DELETE", blob_path(app, c)).status == 202);
        check_absent(p, app, c);
        check_readable(p, other, c);
    }
}

TEST_CASE("a blob that is not there cannot be deleted") {
    pusher const p;
    auto const c = random_blob(512, 29);
    CHECK(refusal(p.ask("DELETE", blob_path(app, c))) == "404 BLOB_UNKNOWN");
    p.push(app, c);
    CHECK(p.ask("DELETE", blob_path(app, c)).status == 202);
    CHECK(refusal(p.ask("DELETE", blob_path(app, c))) == "404 BLOB_UNKNOWN");
}

TEST_CASE("a deleted blob may be pushed again") {
    pusher const p;
    auto const c = random_blob(512, 30);
    p.push(app, c);
    CHECK(p.ask("DELETE", blob_path(app, c)).status == 202);
    p.push(app, c);
    check_readable(p, app, c);
}

TEST_CASE("bytes that do not have the digest they are pushed by are refused and not kept") {
    pusher const p;
    for (auto const& c : by_both(3067, 31)) {
        auto const digest = "digest=" + c.digest.to_string();
        auto const wrong = c.bytes + "oh no";
        for (auto const& a : {p.ask("POST", with(uploads_path(app), digest), octets, wrong),
                              p.ask("PUT", with(p.open_upload(), digest), octets, wrong),
                              p.ask_in_chunks("PUT", with(p.open_upload(), digest), octets, wrong)})
            CHECK(refusal(a) == "400 DIGEST_INVALID");
        check_absent(p, app, c);
        check_absent(p, app, blob(wrong));
    }
}

TEST_CASE("a push by something that is no digest is refused") {
    pusher const p;
    std::string const bytes = "some bytes";
    for (auto const& digest :
         {std::string(), std::string("sha256:baddigeststring"), std::string("sha256"), "md5:" + std::string(32, 'a'),
          "sha256:" + std::string(64, 'A'), "sha256:" + std::string(63, 'a')}) {
        INFO(digest);
        CHECK(refusal(p.close(p.open_upload(), digest, bytes)) == "400 DIGEST_INVALID");
        CHECK(refusal(p.ask("POST", with(uploads_path(app), "digest=" + digest), octets, bytes)) ==
              "400 DIGEST_INVALID");
    }
}

TEST_CASE("a session is not closed without a digest") {
    pusher const p;
    auto const c = random_blob(512, 32);
    auto const session = p.open_upload();
    CHECK(refusal(p.ask("PUT", session, octets, c.bytes)) == "400 DIGEST_INVALID");
}

TEST_CASE("a malformed digest in a blob's path is refused") {
    pusher const p;
    auto const target = blob_path(app, std::string("sha256:baddigeststring"));
    for (auto const* method : {"GET", "DELETE"})
        CHECK(refusal(p.ask(method, target)) == "400 DIGEST_INVALID");
}

TEST_CASE("a repository outside the grammar takes no blob") {
    pusher const p;
    for (auto const& repo : {std::string("local/App"), std::string("local/a..b"), std::string("local/-a"),
                             std::string("local/a___b"), "local/" + std::string(250, 'a')})
        CHECK(refusal(p.ask("POST", uploads_path(repo))) == "400 NAME_INVALID");
}

TEST_CASE("repositories may be named like the words of the API") {
    pusher const p;
    auto const c = random_blob(512, 33);
    for (auto const* repo : {"local/blobs/uploads", "local/manifests", "local/tags/list", "local/blobs"}) {
        check_stored(p.post_blob(repo, c), repo, c);
        check_stored(p.close(p.open_upload(repo), c.digest.to_string(), c.bytes), repo, c);
        check_readable(p, repo, c);
    }
}

TEST_CASE("blobs are still there after a restart") {
    pusher p;
    auto const small = random_blob(512, 34), large = random_blob(1'000'000, 35, oci::algorithm::sha512);
    p.push(app, small);
    p.push(app, large);
    p.restart();
    check_readable(p, app, small);
    check_readable(p, app, large);
    check_absent(p, other, small);
}
