// Requests of several users on one connection, as a front proxy sends them: each is its own user's, and what a client
// says of where it comes from counts for nothing.
#include "tests/catch.h"
#include "tests/support/guarded_mirror.h"

#include <spdlog/fmt/fmt.h>

using namespace tests;

namespace {

constexpr char const* tenants = R"(
[[access.rule]]
users = ["alice"]
allow = ["pull", "push"]
repositories = ["local/alice/**"]
[[access.rule]]
users = ["bob"]
allow = ["pull", "push"]
repositories = ["local/bob/**"]
[[access.rule]]
networks = ["127.0.0.2"]
allow = ["pull"]
repositories = ["local/**"]
)";

std::string const of_alice = "/v2/local/alice/app/tags/list"; // 404 for who may see it: nothing was pushed
std::string const of_bob = "/v2/local/bob/app/tags/list";

unsigned status_of(http_client& c, std::string const& target, std::string const& authorization) {
    return c.get(target, {{"Authorization", authorization}}).status;
}

std::vector<std::string> statuses_in(std::string const& answers) {
    std::vector<std::string> all;
    std::string const begin = "HTTP/1.1 ";
    for (auto at = answers.find(begin); at != std::string::npos; at = answers.find(begin, at + 1))
        all.push_back(answers.substr(at + begin.size(), 3));
    return all;
}

} // namespace

TEST_CASE("on one connection each request is its own user's") {
    guarded_mirror m(tenants);
    m.start();
    auto const bobs = m.token("?scope=repository:local/bob/app:pull", bob());
    http_client c(m.server->port());
    CHECK(status_of(c, of_alice, alice()) == 404);
    CHECK(status_of(c, of_alice, bob()) == 403);
    CHECK(status_of(c, of_bob, bobs) == 404);
    CHECK(status_of(c, of_alice, bobs) == 403);
    CHECK(c.get(of_alice).status == 401);
    CHECK(c.get(of_bob).status == 401);
    CHECK(status_of(c, of_alice, basic_authorization("alice", "wrong")) == 401);
    CHECK(c.get(of_alice).status == 401);
    CHECK(status_of(c, of_alice, alice()) == 404);
}

TEST_CASE("of requests that come at once each is its own user's") {
    guarded_mirror m(tenants);
    m.start();
    auto const head = [](std::string const& target, std::string const& more) {
        return fmt::format("GET {} HTTP/1.1\r\nHost: layerd.test\r\n{}\r\n", target, more);
    };
    http_client c(m.server->port());
    c.send_raw(head(of_alice, "Authorization: " + alice() + "\r\n") + head(of_alice, {}) +
               head(of_alice, "Authorization: " + bob() + "\r\n") +
               head(of_bob, "Authorization: " + bob() + "\r\nConnection: close\r\n"));
    CHECK(statuses_in(c.read_raw_to_end()) == std::vector<std::string>{"404", "401", "403", "404"});
}

TEST_CASE("where a client says it comes from opens nothing") {
    guarded_mirror m(tenants);
    m.start();
    CHECK(http_client(m.server->port(), "127.0.0.2").get(of_alice).status == 404);
    http_client c(m.server->port(), "127.0.0.3");
    for (auto const& [name, value] : http_client::headers{{"X-Forwarded-For", "127.0.0.2"},
                                                          {"Forwarded", "for=127.0.0.2"},
                                                          {"X-Real-IP", "127.0.0.2"},
                                                          {"X-Remote-User", "alice"},
                                                          {"X-SSL-Client-S-DN", "CN=alice"}}) {
        INFO(name);
        CHECK(c.get(of_alice, {{name, value}}).status == 401);
    }
    http_client proxied(m.server->port(), "127.0.0.3");
    proxied.send_raw("PROXY TCP4 127.0.0.2 127.0.0.1 5000 5000\r\nGET " + of_alice +
                     " HTTP/1.1\r\nHost: layerd.test\r\n\r\n");
    CHECK(statuses_in(proxied.read_raw_to_end()) == std::vector<std::string>{"400"});
}
