// A whole layerd behind TLS, with a client that checks certificates. What HTTP does there is what it does without.
#include "proxy/cli/http_fetch.h"
#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/few_descriptors.h"
#include "tests/support/run_io.h"
#include "tests/support/secure_mirror.h"
#include "tests/support/tls_client.h"

#include <openssl/ssl.h>

#include <cstdlib>

using namespace proxy;
using namespace std::chrono_literals;
using namespace tests;

namespace {

struct asked_mirror : secure_mirror {
    tls_client client() const { return tls_client(server->port(), files.authority.ca_file()); }
    tls_client client(tls_client::wish w) const {
        return tls_client(server->port(), files.authority.ca_file(), std::move(w));
    }
    bool has_counted(std::string const& what) const { return stats().find(what) != std::string::npos; }
};

} // namespace

TEST_CASE("through TLS come the same bytes, cold and kept, whole and in parts") {
    asked_mirror m;
    auto const bandwidth = GENERATE(0u, 64u << 20);
    m.settings.server.bandwidth_per_client = bandwidth;
    auto const large = random_bytes(9'000'001, 1), small = random_bytes(700, 2);
    auto const large_at = "/v2/library/a/blobs/" + m.put_blob("library/a", large);
    auto const small_at = "/v2/library/a/blobs/" + m.put_blob("library/a", small);
    auto const manifest = image_manifest({"{}"});
    m.put_manifest("library/a", "1", manifest);
    m.start();
    auto c = m.client();
    for (int time = 0; time < 2; ++time) {
        CHECK(c.get("/v2/library/a/manifests/1").body == manifest);
        CHECK((c.get(large_at).body == large));
        CHECK((c.get(small_at).body == small));
    }
    auto const part = c.get(large_at, {{"Range", "bytes=5000000-8999999"}});
    CHECK(part.status == 206);
    CHECK((part.body == large.substr(5'000'000, 4'000'000)));
    CHECK(c.request("HEAD", large_at).header("Content-Length") == "9000001");
    CHECK(c.get("/v2/library/a/blobs/sha256:00").status == 400);
    CHECK(c.get(large_at, {{"Connection", "close"}}).complete);
    CHECK(c.has_ended());
}

TEST_CASE("what is pushed through TLS is stored") {
    asked_mirror m;
    m.settings.hosted.prefixes = {"local"};
    m.start();
    auto const bytes = random_bytes(3'000'000, 1);
    auto c = m.client();
    CHECK(c.request("POST", "/v2/local/app/blobs/uploads/?digest=" + digest_of(bytes), {}, bytes).status == 201);
    CHECK((c.get("/v2/local/app/blobs/" + digest_of(bytes)).body == bytes));
}

TEST_CASE("TLS 1.2 and 1.3 are spoken, HTTP/1.1 in them, and whom the certificate is not for is not answered") {
    asked_mirror m;
    m.start();
    CHECK(m.client().version() == "TLSv1.3");
    auto old = m.client({.newest = TLS1_2_VERSION});
    CHECK(old.version() == "TLSv1.2");
    CHECK(old.get("/v2/").status == 200);
    CHECK(m.client({.protocols = "\x02h2\x08http/1.1"}).protocol() == "http/1.1");
    auto other = m.client({.protocols = "\x02h2"});
    CHECK(other.protocol().empty());
    CHECK(other.get("/v2/").status == 200);
    CHECK_THROWS_AS(m.client({.host = "mirror.example.com"}), boost::system::system_error);
}

TEST_CASE("plain HTTP where TLS is spoken is told so") {
    asked_mirror m;
    m.start();
    http_client c(m.server->port());
    c.send_get("/v2/");
    auto const answer = c.read_raw_to_end();
    CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    CHECK(answer.find("https://") != std::string::npos);
}

TEST_CASE("who greets with nonsense or not at all is let go, and counted") {
    asked_mirror m;
    m.settings.server.header_timeout = 1s;
    m.start();
    http_client nonsense(m.server->port()), silent(m.server->port());
    nonsense.send_raw("\x16\x03\x01\x00\x05hello");
    nonsense.read_raw_to_end();
    CHECK(silent.read_raw_to_end().empty());
    CHECK(eventually([&] { return m.has_counted(R"("failed_handshakes":2)"); }));
}

TEST_CASE("a connection beyond the bound is closed before it has greeted") {
    asked_mirror m;
    m.settings.server.max_connections_per_client = 1;
    m.start();
    auto first = m.client();
    CHECK_THROWS_AS(m.client(), boost::system::system_error);
    CHECK(first.get("/v2/").status == 200);
}

TEST_CASE("a certificate that is renewed is what the next connection gets; those that are open go on") {
    asked_mirror m;
    m.start();
    auto before = m.client();
    CHECK(before.first_name_of_peer() == "localhost");
    m.files.issue("a", {"renewed.example.com", "localhost"});
    CHECK(eventually([&] { return m.client().first_name_of_peer() == "renewed.example.com"; }));
    CHECK(before.get("/v2/").status == 200);
}

TEST_CASE("a certificate that is renewed in the middle of a transfer does not touch it") {
    asked_mirror m;
    auto const bytes = random_bytes(20'000'000, 3);
    auto const target = "/v2/library/app/blobs/" + m.put_blob("library/app", bytes);
    m.start();
    auto c = m.client();
    REQUIRE(c.get(target).body == bytes);
    c.send_get(target); // more than the sockets hold: it stands until it is read
    auto const head = c.read_raw_until("\r\n\r\n").find("\r\n\r\n") + 4;
    m.files.issue("a", {"renewed.example.com", "localhost"});
    CHECK(eventually([&] { return m.client().first_name_of_peer() == "renewed.example.com"; }));
    CHECK(c.read_raw(head + bytes.size()).substr(head) == bytes);
    CHECK(c.get("/v2/").status == 200);
}

TEST_CASE("a stop tells an idle client that no more will come") {
    asked_mirror m;
    m.start();
    auto c = m.client();
    CHECK(c.get("/v2/").status == 200);
    m.server->stop();
    CHECK(c.has_ended());
}

TEST_CASE("the admin API speaks TLS too, beside a registry that does not") {
    asked_mirror m;
    m.settings.server.admin_listen = std::exchange(m.settings.server.listen, m.settings.server.admin_listen);
    m.start();
    CHECK(m.get("/v2/").status == 200);
    CHECK(tls_client(m.server->admin_port(), m.files.authority.ca_file()).get("/healthz").status == 200);
}

TEST_CASE("the commands ask an admin API that speaks TLS, if they trust its CA") {
    asked_mirror m;
    m.settings.server.admin_listen = m.settings.server.listen;
    auto const fetched = [&](std::string host) {
        m.start();
        endpoint_config const at{true, std::move(host), m.server->admin_port(), ""};
        worker w(0);
        auto const r = run_io(w, [&] { return http_fetch(at, "/healthz", deadline::after(60s)); });
        m.server->stop();
        return r ? std::string("an answer") : r.error().message;
    };
    auto const verdict = [&](std::string host) { return fetched(std::move(host)).find("certificate verify failed"); };
    CHECK(verdict("localhost") != std::string::npos);
    ::setenv("SSL_CERT_FILE", m.files.authority.ca_file().c_str(), 1); // no server runs whose threads could look
    CHECK(fetched("localhost") == "an answer");
    CHECK(verdict("127.0.0.1") != std::string::npos); // it is not this name's
    ::unsetenv("SSL_CERT_FILE");
}

TEST_CASE("a certificate that cannot be read keeps the server from starting") {
    asked_mirror m;
    std::filesystem::remove(m.settings.server.certificates.front().key_file);
    auto const started = server::start(m.settings);
    REQUIRE(started.has_error());
    CHECK(started.error().message.starts_with("key_file in [[server.certificate]]: cannot use "));
}

TEST_CASE("a session can be resumed where no client's certificate is asked for") {
    asked_mirror m;
    m.start();
    auto c = m.client();
    REQUIRE(c.get("/v2/").status == 200); // the ticket comes with the first answer
    CHECK(c.can_be_resumed());
}

TEST_CASE("connections that would take the last descriptors are closed before TLS, and those that are here go on") {
    asked_mirror m;
    auto const bytes = random_bytes(1000, 1);
    auto const target = "/v2/library/a/blobs/" + m.put_blob("library/a", bytes);
    m.start();
    auto inside = m.client();
    REQUIRE(inside.get(target).body == bytes);

    few_descriptors const enough(1600);
    auto clients = far_away_sockets(400); // which greet nobody
    few_descriptors const few(400);
    for (auto const& c : clients)
        connect(c, m.server->port());
    for (std::size_t i = 350; i < 400; ++i) {
        char byte = 0;
        CHECK(::recv(clients[i].get(), &byte, 1, 0) == 0);
    }
    CHECK(inside.get(target).body == bytes);
    CHECK(!m.has_counted("\"open_files\":0"));

    clients.clear();
    auto const comes_in = [&] {
        try {
            return m.client().get(target).body == bytes;
        } catch (boost::system::system_error const&) {
            return false;
        }
    };
    CHECK(eventually(comes_in));
}
