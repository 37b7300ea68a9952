#include "proxy/runtime/inherited_sockets.h"
#include "tests/catch.h"
#include "tests/support/mirror.h"
#include "tests/support/service_desk.h"

#include <fcntl.h>
#include <netinet/in.h>

using namespace proxy;
using namespace tests;

namespace {

constexpr int first = 700; // far from what this process has open

// A socket under that number, as a service manager leaves it; inherit_sockets() owns it if it is taken.
std::uint16_t open_at(int fd, int family = AF_INET, int type = SOCK_STREAM, bool listening = true) {
    store::file_descriptor const made(::socket(family, type | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    socklen_t size = sizeof(at);
    at.sin_family = static_cast<sa_family_t>(family);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_INET)
        REQUIRE(::bind(made.get(), reinterpret_cast<sockaddr const*>(&at), size) == 0);
    if (listening)
        REQUIRE(::listen(made.get(), 16) == 0);
    ::getsockname(made.get(), reinterpret_cast<sockaddr*>(&at), &size);
    REQUIRE(::dup2(made.get(), fd) == fd);
    return ntohs(at.sin_port);
}

result<inherited_sockets> inherit(std::string const& count, std::string const& names) {
    return inherit_sockets(
        environment_of({{"LISTEN_PID", std::to_string(::getpid())}, {"LISTEN_FDS", count}, {"LISTEN_FDNAMES", names}}),
        first);
}

// Of a socket that was not taken.
void expect_refusal(std::string const& names, std::string const& words) {
    auto const got = inherit("1", names);
    REQUIRE(got.has_error());
    INFO(got.error().message);
    CHECK(got.error().message.find(words) != std::string::npos);
    ::close(first);
}

} // namespace

TEST_CASE("a process that nobody opened sockets for inherits none") {
    CHECK(inherit_sockets(environment_of({}))->registry.empty());
    auto const of_another = environment_of({{"LISTEN_PID", "1"}, {"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "registry"}});
    CHECK(inherit_sockets(of_another)->registry.empty());
    CHECK(inherit("0", "")->registry.empty());
    for (auto const* nonsense : {"", "-1", "x", "65", "99999999999"})
        CHECK(inherit(nonsense, "registry").has_error());
}

TEST_CASE("inherited sockets are told apart by their names") {
    for (int i = 0; i < 3; ++i)
        open_at(first + i);
    auto const got = inherit("3", "registry:admin:registry");
    REQUIRE(got);
    REQUIRE(got->registry.size() == 2);
    CHECK(got->registry[0].listening.get() == first);
    CHECK(got->registry[1].listening.get() == first + 2);
    REQUIRE(got->admin.size() == 1);
    CHECK(got->admin[0].listening.get() == first + 1);
    CHECK_FALSE((got->registry[0].tls || got->registry[1].tls || got->admin[0].tls));
    CHECK((::fcntl(first, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("inherited sockets may be those that speak TLS") {
    for (int i = 0; i < 2; ++i)
        open_at(first + i);
    auto const got = inherit("2", "admin-tls:registry-tls");
    REQUIRE(got);
    CHECK(got->admin.at(0).tls);
    CHECK(got->registry.at(0).tls);
}

TEST_CASE("a socket of no use is refused with what its unit lacks") {
    open_at(first);
    expect_refusal("layerd.socket", "FileDescriptorName=");
    open_at(first);
    expect_refusal("", "FileDescriptorName=");
    open_at(first);
    expect_refusal("-tls", "FileDescriptorName=");
    open_at(first, AF_INET, SOCK_STREAM, false);
    expect_refusal("registry", "does not listen for TCP");
    open_at(first, AF_INET, SOCK_DGRAM, false);
    expect_refusal("registry", "does not listen for TCP");
    open_at(first, AF_UNIX, SOCK_STREAM, false);
    expect_refusal("admin", "does not listen for TCP");
    ::close(first);
    CHECK(inherit("1", "registry").has_error()); // nothing is there
}

TEST_CASE("a server on inherited sockets leaves its own addresses alone, and nobody is refused while it restarts") {
    mirror m;
    auto const target = "/v2/library/a/blobs/" + m.put_blob("library/a", "hello");
    auto const port = open_at(first), admin_port = open_at(first + 1);
    store::file_descriptor const kept(::fcntl(first, F_DUPFD_CLOEXEC, 0)); // as systemd keeps it
    m.settings.server.listen = m.settings.server.admin_listen = {{"203.0.113.1", 1}};

    auto sockets = inherit("2", "registry:admin");
    REQUIRE(sockets);
    auto one = server::start(m.settings, {}, std::move(*sockets));
    REQUIRE(one);
    CHECK((*one)->addresses().front().port == port);
    CHECK((*one)->admin_addresses().front().port == admin_port);
    CHECK(http_get(port, target).body == "hello");
    CHECK(http_get(admin_port, "/healthz").status == 200);
    REQUIRE((*one)->stop());
    one->reset();

    http_client waiting(port); // connected to the kept socket, with nobody behind it
    waiting.send_get(target);
    inherited_sockets again;
    again.registry.push_back({store::file_descriptor(::fcntl(kept.get(), F_DUPFD_CLOEXEC, 0))});
    m.settings.server.admin_listen = {{"127.0.0.1", 0}};
    auto two = server::start(m.settings, {}, std::move(again));
    REQUIRE(two);
    CHECK(waiting.read_raw_until("hello").starts_with("HTTP/1.1 200"));
    REQUIRE((*two)->stop());
}
