#include "store/blob_file.h"
#include "tests/catch.h"
#include "tests/support/mirror.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

using namespace tests;

namespace {

// The limit of this process while it lives.
class descriptor_limit {
public:
    explicit descriptor_limit(rlim_t to) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit now = before_;
        now.rlim_cur = to;
        ok = ::setrlimit(RLIMIT_NOFILE, &now) == 0;
    }
    ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

    bool ok = false;

private:
    rlimit before_{};
};

// Sockets whose numbers are above any that the server will have.
std::vector<store::file_descriptor> far_away_sockets(std::size_t n) {
    std::vector<store::file_descriptor> all;
    while (all.size() < n) {
        store::file_descriptor const s(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        all.emplace_back(::fcntl(s.get(), F_DUPFD_CLOEXEC, 1000));
    }
    return all;
}

void connect(store::file_descriptor const& s, std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval const patience{20, 0};
    ::setsockopt(s.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    REQUIRE(::connect(s.get(), reinterpret_cast<sockaddr const*>(&at), sizeof(at)) == 0);
}

std::string ping(store::file_descriptor const& s) {
    std::string const request = "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n";
    REQUIRE(::send(s.get(), request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()));
    std::string answer(12, '\0');
    return ::recv(s.get(), answer.data(), answer.size(), MSG_WAITALL) == 12 ? answer : "no answer";
}

} // namespace

TEST_CASE("connections that would take the last descriptors wait, and those that are here get their content") {
    mirror m;
    auto const bytes = random_bytes(100'000, 1);
    auto const target = "/v2/library/a/blobs/" + m.put_blob("library/a", bytes);
    m.start();
    http_client first(m.server->port());
    REQUIRE(first.get(target).body == bytes);

    descriptor_limit const enough(1200);
    REQUIRE(enough.ok);
    auto clients = far_away_sockets(150);
    store::file_descriptor const lowest(::fcntl(0, F_DUPFD_CLOEXEC, 0));
    descriptor_limit const few(std::max(256, lowest.get() + 10 + 128));
    for (auto const& c : clients)
        connect(c, m.server->port());
    CHECK(ping(clients[0]) == "HTTP/1.1 200");
    CHECK(ping(clients[5]) == "HTTP/1.1 200");
    for (int i = 0; i < 20; ++i)
        CHECK(first.get(target).body == bytes);

    auto const last = std::move(clients.back());
    clients.clear();
    CHECK(ping(last) == "HTTP/1.1 200");
    CHECK(m.get("/v2/").status == 200);
}
