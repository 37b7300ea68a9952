// Clients that show a certificate: its subject is their name.
#include "tests/catch.h"
#include "tests/support/certificate_files.h"
#include "tests/support/eventually.h"
#include "tests/support/guarded_mirror.h"
#include "tests/support/set_clock.h"
#include "tests/support/tls_client.h"

#include <openssl/ssl.h>

#include <ctime>

using namespace tests;

namespace {

std::string const tags = "/v2/local/app/tags/list"; // 404: nothing was pushed; for who may see it

struct certified_mirror : guarded_mirror {
    certified_mirror()
        : guarded_mirror("[[access.rule]]\nusers = [\"alice\"]\nallow = [\"pull\"]\nrepositories = [\"local/**\"]\n"
                         "[[access.rule]]\nusers = [\"alice\"]\nallow = [\"admin\"]\n") {
        settings.server.listen = {{"127.0.0.1", 0, true}};
        settings.server.admin_listen = {{"127.0.0.1", 0, true}};
        settings.server.certificates = {server_files.issue("a", {"localhost"}),
                                        server_files.issue("b", {"other.test"})};
        settings.access.client_ca_file = clients.authority.ca_file();
        clock.pass(std::chrono::seconds(std::time(nullptr) - clock.now()));
        seams.now = clock.source();
        start();
    }
    tls_client client(proxy::certificate_config own, int newest = 0, std::string host = "localhost") const {
        return tls_client(server->port(), server_files.authority.ca_file(),
                          {.host = std::move(host), .newest = newest, .own = std::move(own)});
    }
    bool ends(proxy::certificate_config own, std::string const& host = "localhost") const {
        try { // TLS 1.3: the server's refusal comes after ours
            return !client(std::move(own), 0, host).get(tags).complete;
        } catch (boost::system::system_error const&) {
            return true;
        }
    }
    proxy::certificate_config issue(std::string const& user) const {
        return clients.put("client", clients.authority.issue_for_client(user));
    }

    certificate_files server_files, clients;
    set_clock clock;
};

} // namespace

TEST_CASE("a client's certificate says who it is, and needs no login") {
    certified_mirror m;
    for (int const newest : {0, TLS1_2_VERSION}) {
        CHECK(m.client(m.issue("alice"), newest).get(tags).status == 404);
        CHECK(m.client(m.issue("bob"), newest).get(tags).status == 403);
        CHECK(m.client({}, newest).get(tags).status == 401); // none is no mistake
        CHECK(m.client({}, newest).get(tags, {{"Authorization", alice()}}).status == 404);
        CHECK(m.client(m.issue("bob"), newest).get(tags, {{"Authorization", alice()}}).status == 404);
    }
}

TEST_CASE("a client's certificate counts under each of the server's names, and none but those of its CA") {
    certified_mirror m;
    certificate_files strangers;
    for (int const newest : {0, TLS1_2_VERSION}) {
        auto c = m.client(m.issue("alice"), newest, "other.test");
        CHECK(c.first_name_of_peer() == "other.test");
        CHECK(c.get(tags).status == 404);
        CHECK_FALSE(c.can_be_resumed());
        CHECK(m.client(m.issue("bob"), newest, "other.test").get(tags).status == 403);
        CHECK(m.client({}, newest, "other.test").get(tags).status == 401);
        CHECK(m.ends(strangers.put("x", strangers.authority.issue_for_client("alice")), "other.test"));
    }
}

TEST_CASE("a certificate makes the token that its bearer asks for") {
    certified_mirror m;
    auto c = m.client(m.issue("alice"));
    auto const token = member(c.get("/token?scope=repository:local/app:pull").body, "token");
    CHECK(m.client({}).get(tags, {{"Authorization", "Bearer " + token}}).status == 404);
}

TEST_CASE("a certificate of somebody else's CA, or one that is over, or a server's, is not listened to") {
    certified_mirror m;
    certificate_files strangers;
    CHECK(m.ends(strangers.put("x", strangers.authority.issue_for_client("alice"))));
    CHECK(m.ends(m.clients.put("old", m.clients.authority.issue_expired({"alice"}))));
    CHECK_FALSE(m.ends(m.issue("alice")));
}

TEST_CASE("a certificate that is over is nobody's any more, on a connection that it began as on another's") {
    certified_mirror m;
    auto const own = m.issue("alice");
    for (int const newest : {0, TLS1_2_VERSION}) {
        auto c = m.client(own, newest);
        REQUIRE(c.get(tags).status == 404);
        CHECK_FALSE(c.can_be_resumed());
        m.clock.pass(std::chrono::hours(24 * 365 * 20));
        CHECK(c.get(tags).status == 401);
        m.clock.pass(-std::chrono::hours(24 * 365 * 20));
    }
    CHECK(m.client({}).get(tags, {{"Authorization", alice()}}).status == 404);
}

TEST_CASE("who listens to what happens by a certificate hears no more of it when that is over") {
    certified_mirror m;
    tls_client c(m.server->admin_port(), m.server_files.authority.ca_file(), {.own = m.issue("alice")});
    c.send_get("/api/v1/events");
    c.read_raw_until("\"problems\":[");
    m.clock.pass(std::chrono::hours(24 * 365 * 20));
    CHECK(c.read_raw_until("\r\n0\r\n\r\n").find("HTTP/1.1 200") == 0);
}

TEST_CASE("another CA for clients counts for the next connection, and those that are open go on") {
    certified_mirror m;
    certificate_files others;
    auto before = m.client(m.issue("alice"));
    REQUIRE(before.get(tags).status == 404);
    auto const theirs = others.put("x", others.authority.issue_for_client("alice"));
    std::filesystem::copy_file(others.authority.ca_file(), m.clients.authority.ca_file(),
                               std::filesystem::copy_options::overwrite_existing);
    auto const status = [&](proxy::certificate_config const& own) {
        try {
            auto const a = m.client(own).get(tags);
            return a.complete ? a.status : 0;
        } catch (boost::system::system_error const&) {
            return 0u; // not let in
        }
    };
    CHECK(eventually([&] { return status(theirs) == 404; }));
    CHECK(status(m.issue("alice")) == 0);
    CHECK(before.get(tags).status == 404);
}

TEST_CASE("a subject that cannot name a user names none") {
    certified_mirror m;
    for (auto const* name : {"github:alice", "alice ", "al ice"})
        CHECK(m.client(m.issue(name)).get(tags).status == 401);
}
