// What the distribution specification and its conformance suites demand of upload sessions that are filled in pieces.
#include "tests/catch.h"
#include "tests/support/pusher.h"

using namespace tests;

namespace {

constexpr std::size_t chunk = 1024;

// Three chunks, the last of them shorter.
content three_chunks(unsigned seed) {
    return random_blob(3 * chunk - 5, seed);
}

std::vector<content> three_chunks_by_both(unsigned seed) {
    return by_both(3 * chunk - 5, seed);
}

std::string piece(content const& c, std::size_t n) {
    return c.bytes.substr(n * chunk, chunk);
}

// Of a session that holds `bytes` bytes and can go on.
void check_status(pusher const& p, std::string const& session, std::size_t bytes) {
    auto const a = p.get(session);
    CHECK(a.status == 204);
    CHECK(a.header("Location").starts_with("/v2/"));
    CHECK(a.header("Range") == "0-" + std::to_string(bytes ? bytes - 1 : 0));
}

void check_taken(http_answer const& a, std::size_t bytes) {
    CHECK(a.status == 202);
    CHECK(a.header("Location").starts_with("/v2/"));
    CHECK(a.header("Range") == "0-" + std::to_string(bytes - 1));
    CHECK_FALSE(a.header("Docker-Upload-UUID").empty());
    CHECK(a.header("Content-Length") == "0");
}

void check_closed(pusher const& p, http_answer const& a, content const& c) {
    CHECK(a.status == 201);
    CHECK(a.header("Location") == blob_path(app, c));
    CHECK(a.header("Docker-Content-Digest") == c.digest.to_string());
    CHECK(p.get(blob_path(app, c)).body == c.bytes);
}

} // namespace

TEST_CASE("a session with no byte says so") {
    pusher const p;
    check_status(p, p.open_upload(), 0);
}

TEST_CASE("one chunk and an empty PUT store a blob") {
    pusher const p;
    for (auto const& c : by_both(512, 1)) {
        auto const a = p.patch(p.open_upload(), 0, c.bytes);
        check_taken(a, 512);
        check_closed(p, p.close(a.header("Location"), c.digest.to_string()), c);
    }
}

TEST_CASE("chunks in order and an empty PUT store a blob") {
    pusher const p;
    for (auto const& c : three_chunks_by_both(2)) {
        auto session = p.open_upload();
        for (std::size_t n = 0; n < 3; ++n) {
            auto const a = p.patch(session, n * chunk, piece(c, n));
            check_taken(a, std::min((n + 1) * chunk, c.bytes.size()));
            session = a.header("Location");
            check_status(p, session, std::min((n + 1) * chunk, c.bytes.size()));
        }
        check_closed(p, p.close(session, c.digest.to_string()), c);
    }
}

TEST_CASE("the last chunk may come with the closing PUT") {
    pusher const p;
    for (auto const& c : three_chunks_by_both(3)) {
        auto const session = p.open_upload();
        check_taken(p.patch(session, 0, piece(c, 0)), chunk);
        check_taken(p.patch(session, chunk, piece(c, 1)), 2 * chunk);
        auto const closing = with(session, "digest=" + c.digest.to_string());
        check_closed(p, p.put_chunk("PUT", closing, 2 * chunk, piece(c, 2)), c);
    }
}

TEST_CASE("the last bytes may come with a closing PUT that does not say where they belong") {
    pusher const p;
    for (auto const& c : three_chunks_by_both(4)) {
        auto const session = p.open_upload();
        check_taken(p.patch(session, 0, piece(c, 0)), chunk);
        check_closed(p, p.close(session, c.digest.to_string(), c.bytes.substr(chunk)), c);
    }
}

TEST_CASE("a chunk ahead of its turn, or behind it, is refused and the session goes on") {
    pusher const p;
    for (auto const& c : three_chunks_by_both(5)) {
        auto const session = p.open_upload();
        for (std::size_t n = 0; n < 3; ++n) {
            auto const misplaced = n == 0 ? chunk : 0;
            CHECK(p.patch(session, misplaced, piece(c, misplaced / chunk)).status == 416);
            check_status(p, session, n * chunk);
            CHECK(p.patch(session, n * chunk, piece(c, n)).status == 202);
        }
        check_status(p, session, c.bytes.size());
        check_closed(p, p.close(session, c.digest.to_string()), c);
    }
}

TEST_CASE("a closing PUT with a misplaced chunk is refused and the session goes on") {
    pusher const p;
    for (auto const& c : three_chunks_by_both(6)) {
        auto const session = p.open_upload();
        auto const closing = with(session, "digest=" + c.digest.to_string());
        CHECK(p.put_chunk("PUT", closing, chunk, piece(c, 1)).status == 416);
        check_status(p, session, 0);
        CHECK(p.patch(session, 0, piece(c, 0)).status == 202);
        CHECK(p.patch(session, chunk, piece(c, 1)).status == 202);
        CHECK(p.put_chunk("PUT", closing, 0, piece(c, 0)).status == 416);
        check_status(p, session, 2 * chunk);
        CHECK(p.get(blob_path(app, c)).status == 404);
        check_closed(p, p.put_chunk("PUT", closing, 2 * chunk, piece(c, 2)), c);
    }
}

TEST_CASE("a refusal of a misplaced chunk names its reason and where the session stands") {
    pusher const p;
    auto const session = p.open_upload();
    CHECK(p.patch(session, 0, std::string(chunk, 'a')).status == 202);
    auto const a = p.patch(session, 5 * chunk, "x");
    CHECK(refusal(a) == "416 RANGE_INVALID");
    CHECK(a.header("Location").starts_with("/v2/"));
    CHECK(a.header("Range") == "0-1023");
}

TEST_CASE("a chunk that was taken is refused when it comes again, at whichever URL of the session") {
    pusher const p;
    auto const c = random_blob(20, 7);
    auto const session = p.open_upload();
    auto const first = p.patch(session, 0, c.bytes.substr(0, 3));
    check_taken(first, 3);
    CHECK(p.patch(session, 0, c.bytes.substr(0, 3)).status == 416);
    CHECK(p.patch(first.header("Location"), 0, c.bytes.substr(0, 3)).status == 416);
    check_status(p, session, 3);
    auto const second = p.patch(p.get(session).header("Location"), 3, c.bytes.substr(3));
    check_taken(second, 20);
    check_status(p, first.header("Location"), 20);
    check_closed(p, p.close(second.header("Location"), c.digest.to_string()), c);
}

TEST_CASE("a body of unknown length without a range is a stream") {
    pusher const p;
    for (auto const& c : by_both(300'000, 8)) {
        auto const a =
            p.ask_in_chunks("PATCH", p.open_upload(), {{"Content-Type", "application/octet-stream"}}, c.bytes);
        check_taken(a, c.bytes.size());
        check_closed(p, p.close(a.header("Location"), c.digest.to_string()), c);
    }
}

TEST_CASE("streams are put one behind the other") {
    pusher const p;
    for (auto const& c : three_chunks_by_both(9)) {
        auto const session = p.open_upload();
        check_taken(p.append(session, piece(c, 0)), chunk);
        check_taken(p.ask_in_chunks("PATCH", session, {}, piece(c, 1)), 2 * chunk);
        check_taken(p.patch(session, 2 * chunk, piece(c, 2)), c.bytes.size());
        check_closed(p, p.close(session, c.digest.to_string()), c);
    }
}

TEST_CASE("pieces that do not make up the digest are refused and not kept") {
    pusher const p;
    for (auto const& c : three_chunks_by_both(10)) {
        auto const d = c.digest.to_string();
        auto const last = c.bytes.substr(2 * chunk) + "oh no";
        auto const filled = [&] {
            auto const session = p.open_upload();
            CHECK(p.patch(session, 0, piece(c, 0)).status == 202);
            CHECK(p.patch(session, chunk, piece(c, 1)).status == 202);
            return session;
        };
        auto const in_chunks = filled();
        CHECK(p.patch(in_chunks, 2 * chunk, last).status == 202);
        CHECK(refusal(p.close(in_chunks, d)) == "400 DIGEST_INVALID");
        auto const closing = with(filled(), "digest=" + d);
        CHECK(refusal(p.put_chunk("PUT", closing, 2 * chunk, last)) == "400 DIGEST_INVALID");
        auto const streamed = p.open_upload();
        CHECK(p.ask_in_chunks("PATCH", streamed, {}, c.bytes + "oh no").status == 202);
        CHECK(refusal(p.close(streamed, d)) == "400 DIGEST_INVALID");
        CHECK(p.get(blob_path(app, d)).status == 404);
        CHECK(p.get(blob_path(app, blob(c.bytes + "oh no"))).status == 404);
    }
}

TEST_CASE("a chunk of another length than its range is refused and the session goes on") {
    pusher const p;
    auto const c = three_chunks(11);
    auto const session = p.open_upload();
    CHECK(p.patch(session, 0, piece(c, 0)).status == 202);
    for (auto const* range : {"1024-2048", "1024-2046", "1024-99999999999"}) {
        CHECK(refusal(p.ask("PATCH", session, {{"Content-Range", range}}, piece(c, 1))) == "400 SIZE_INVALID");
        check_status(p, session, chunk);
    }
    CHECK(p.append(session, c.bytes.substr(chunk)).status == 202);
    check_closed(p, p.close(session, c.digest.to_string()), c);
}

TEST_CASE("a range that cannot be read is refused and the session goes on") {
    pusher const p;
    auto const session = p.open_upload();
    CHECK(p.patch(session, 0, std::string(chunk, 'a')).status == 202);
    for (auto const* range : {"abc", "-", "1024", "1024-", "-2047", "2047-1024", "1024-0x7ff",
                              "1024-99999999999999999999999", "1024-2047-3000"}) {
        INFO(range);
        auto const a = p.ask("PATCH", session, {{"Content-Range", range}}, std::string(chunk, 'b'));
        CHECK((a.status == 400 || a.status == 416));
        check_status(p, session, chunk);
    }
}

TEST_CASE("a session ends when it is closed") {
    pusher const p;
    auto const c = random_blob(512, 12);
    auto const session = p.open_upload();
    CHECK(p.close(session, c.digest.to_string(), c.bytes).status == 201);
    CHECK(refusal(p.get(session)) == "404 BLOB_UPLOAD_UNKNOWN");
    CHECK(refusal(p.append(session, "x")) == "404 BLOB_UPLOAD_UNKNOWN");
}

TEST_CASE("a session ends when it is cancelled") {
    pusher const p;
    for (bool const begun : {false, true}) {
        auto const session = p.open_upload();
        if (begun)
            CHECK(p.append(session, "some bytes").status == 202);
        CHECK(p.ask("DELETE", session).status == 204);
        CHECK(refusal(p.get(session)) == "404 BLOB_UPLOAD_UNKNOWN");
        CHECK(refusal(p.ask("DELETE", session)) == "404 BLOB_UPLOAD_UNKNOWN");
        CHECK(refusal(p.close(session, digest_of("some bytes"))) == "404 BLOB_UPLOAD_UNKNOWN");
    }
}

TEST_CASE("a session that was never opened is unknown") {
    pusher const p;
    auto session = p.open_upload();
    session.back() = session.back() == '0' ? '1' : '0';
    for (auto const& target : {session, uploads_path(app) + "no-such-session"}) {
        CHECK(refusal(p.get(target)) == "404 BLOB_UPLOAD_UNKNOWN");
        CHECK(refusal(p.append(target, "x")) == "404 BLOB_UPLOAD_UNKNOWN");
        CHECK(refusal(p.patch(target, 0, "x")) == "404 BLOB_UPLOAD_UNKNOWN");
        CHECK(refusal(p.close(target, digest_of("x"), "x")) == "404 BLOB_UPLOAD_UNKNOWN");
        CHECK(refusal(p.ask("DELETE", target)) == "404 BLOB_UPLOAD_UNKNOWN");
    }
}

TEST_CASE("a session is unknown in every repository but its own") {
    pusher const p;
    auto const c = random_blob(512, 13);
    auto const session = p.open_upload(app);
    auto const elsewhere = uploads_path(other) + session.substr(uploads_path(app).size());
    CHECK(refusal(p.get(elsewhere)) == "404 BLOB_UPLOAD_UNKNOWN");
    CHECK(refusal(p.append(elsewhere, "x")) == "404 BLOB_UPLOAD_UNKNOWN");
    CHECK(refusal(p.close(elsewhere, c.digest.to_string(), c.bytes)) == "404 BLOB_UPLOAD_UNKNOWN");
    CHECK(refusal(p.ask("DELETE", elsewhere)) == "404 BLOB_UPLOAD_UNKNOWN");
    check_closed(p, p.close(session, c.digest.to_string(), c.bytes), c);
}

TEST_CASE("a session goes on after its client broke off in the middle of a chunk") {
    pusher const p;
    auto const c = three_chunks(14);
    auto const session = p.open_upload();
    CHECK(p.patch(session, 0, piece(c, 0)).status == 202);
    http_client client(p.server->port());
    client.send_raw("PATCH " + session +
                    " HTTP/1.1\r\nHost: layerd.test\r\nContent-Range: 1024-2047\r\nContent-Length: 1024\r\n\r\n" +
                    piece(c, 1).substr(0, 500));
    client.hang_up();
    auto const stands = p.get(session);
    REQUIRE(stands.status == 204);
    auto const at = std::stoul(stands.header("Range").substr(2)) + 1; // with or without the broken chunk's bytes
    CHECK(at >= chunk);
    CHECK(at <= chunk + 500);
}

TEST_CASE("a session with all that was acknowledged goes on after a restart") {
    pusher p;
    for (auto const& c : by_both(700'000, 15)) {
        auto const session = p.open_upload();
        check_taken(p.patch(session, 0, c.bytes.substr(0, 400'000)), 400'000);
        p.restart();
        check_status(p, session, 400'000);
        check_taken(p.patch(session, 400'000, c.bytes.substr(400'000)), 700'000);
        check_closed(p, p.close(session, c.digest.to_string()), c);
    }
}

TEST_CASE("a session without a byte goes on after a restart") {
    pusher p;
    auto const c = random_blob(512, 16);
    auto const session = p.open_upload();
    p.restart();
    check_closed(p, p.close(session, c.digest.to_string(), c.bytes), c);
}

TEST_CASE("a digest by an algorithm that nobody announced is made from what was streamed") {
    pusher const p;
    auto const c = random_blob(200'000, 17, oci::algorithm::sha512);
    auto const a = p.ask("POST", uploads_path(app) + "?digest-algorithm=sha256");
    REQUIRE(a.status == 202);
    CHECK(p.append(a.header("Location"), c.bytes).status == 202);
    check_closed(p, p.close(a.header("Location"), c.digest.to_string()), c);
}
