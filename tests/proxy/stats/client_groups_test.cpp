#include "proxy/stats/client_groups.h"

#include "tests/catch.h"

using namespace proxy;

namespace {

stats_config with_groups() {
    stats_config c;
    c.client_groups.push_back({.name = "ci", .networks = {*network::parse("10.0.0.0/8")}, .users = {"robot"}});
    c.client_groups.push_back({.name = "builders", .user_agents = {"buildkit"}});
    return c;
}

} // namespace

TEST_CASE("a client is in the first group that takes it, by its network, its user or its program") {
    auto const c = with_groups();
    client_groups const g(c);
    CHECK(g.of({.address = "10.1.2.3", .user_agent = "buildkit/v0.12"}) == "ci");
    CHECK(g.of({.address = "::ffff:10.1.2.3"}) == "ci");
    CHECK(g.of({.address = "192.0.2.1", .user = "robot"}) == "ci");
    CHECK(g.of({.address = "192.0.2.1", .user_agent = "buildkit/v0.12"}) == "builders");
    CHECK(g.of({.address = "192.0.2.1", .user_agent = "containerd/1.6.20"}) == "containerd");
    CHECK(g.of({.address = "-"}) == "unknown"); // a peer that was gone before it had an address
}

TEST_CASE("clients that no group takes are told apart as configured") {
    stats_config c;
    client_groups const g(c);
    CHECK(g.of({.address = "192.0.2.1", .user = "ann", .user_agent = "docker/20.10 go/go1.19"}) == "docker");
    c.clients_by = client_sorting::address;
    CHECK(g.of({.address = "2001:db8::1", .user = "ann"}) == "2001:db8::1");
    c.clients_by = client_sorting::user;
    CHECK(g.of({.address = "192.0.2.1", .user = "ann"}) == "ann");
    CHECK(g.of({.address = "192.0.2.1"}) == "unknown");
}

TEST_CASE("what a client says of itself counts only where it is short and plain") {
    CHECK(user_agent_family("containers/5.23 (github.com/containers/image)") == "containers");
    CHECK(user_agent_family("curl") == "curl");
    CHECK(user_agent_family("") == "unknown");
    CHECK(user_agent_family("/1.0") == "unknown");
    CHECK(user_agent_family("a\"b/1") == "other");
    CHECK(user_agent_family("\xff\xfe/1") == "other");
    CHECK(user_agent_family("a\nb") == "other");
    CHECK(user_agent_family(std::string(65, 'a')) == "other");
}
