#include "store/blob_file.h"
#include "tests/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/few_descriptors.h"
#include "tests/support/mirror.h"
#include "tests/support/without_ipv6.h"

#include <sys/socket.h>

using namespace tests;

namespace {

std::string ask(store::file_descriptor const& s, std::string const& target) {
    auto const request = "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
    REQUIRE(::send(s.get(), request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()));
    std::string answer(12, '\0');
    return ::recv(s.get(), answer.data(), answer.size(), MSG_WAITALL) == 12 ? answer : "no answer";
}

} // namespace

TEST_CASE("connections that would take the last descriptors are told so, and those that are here get their content") {
    mirror m;
    auto const bytes = random_bytes(16 << 20, 1); // more than sockets hold
    auto const target = "/v2/library/a/blobs/" + m.put_blob("library/a", bytes);
    m.settings.server.admin_listen = {{"127.0.0.1", 0}};
    m.start();
    http_client first(m.server->port());
    REQUIRE(first.get(target).body == bytes);

    few_descriptors const enough(1600);
    auto clients = far_away_sockets(400);
    auto const far = far_away_sockets(60);
    few_descriptors const few(800);
    std::size_t served = 0, turned_away = 0;
    for (auto const& c : clients) { // none of which reads: each that is let in holds a socket and a file
        connect(c, m.server->port());
        auto const answer = ask(c, target);
        served += answer == "HTTP/1.1 200" ? 1 : 0;
        turned_away += answer == "HTTP/1.1 503" ? 1 : 0;
    }
    CHECK(served >= 150);
    CHECK(served <= 300);     // of three quarters, two each
    CHECK(turned_away >= 16); // the others were closed
    CHECK(first.get(target, {{"Range", "bytes=0-9"}}).body == bytes.substr(0, 10));
    auto const stats = m.stats(); // operators come in
    CHECK(stats.find("\"open_files\":") != std::string::npos);
    CHECK(stats.find("\"open_files\":0") == std::string::npos);

    std::size_t operators = 0;
    for (auto const& c : far) {
        connect(c, m.server->admin_port());
        operators += ask(c, "/healthz") == "HTTP/1.1 200" ? 1 : 0;
    }
    CHECK(operators >= 20);
    CHECK(operators <= 32); // the rest is what content is opened with
    CHECK(first.get(target, {{"Range", "bytes=0-9"}}).body == bytes.substr(0, 10));

    clients.clear();
    CHECK(eventually([&] { return m.get(target).status == 200; }));
}

TEST_CASE("every interface is those of IPv4 where the kernel has no IPv6") {
    mirror m;
    m.settings.server.listen = {{"::", 0}};
    unsigned status = 0;
    std::string bound, refused;
    bool const tried = without_ipv6([&] {
        m.start();
        bound = m.server->get().addresses().at(0).host;
        status = m.get("/v2/").status;
        m.server->stop();
        m.settings.server.listen = {{"::1", 0}}; // which was meant, and is not there
        auto started = proxy::server::start(m.settings, {});
        refused = started ? "started" : started.error().message;
    });
    if (!tried)
        return; // this machine takes no filter of system calls
    CHECK(bound == "0.0.0.0");
    CHECK(status == 200);
    CHECK(refused == "cannot listen on [::1]:0: Address family not supported by protocol");
}
