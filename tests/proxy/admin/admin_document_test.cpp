// docs/admin-api.md names what the admin listener answers: all of it, and nothing else.
#include "proxy/admin/admin_paths.h"
#include "tests/catch.h"
#include "tests/support/markdown.h"
#include "tests/support/mirror.h"

#include <set>

using namespace tests;
using proxy::admin_paths;

namespace {

std::string unquoted(std::string text) {
    std::erase(text, '`');
    return text;
}

} // namespace

TEST_CASE("the document of the admin API has every path with its methods, and no other") {
    std::set<std::string> documented, there;
    for (auto const& row : markdown_rows(std::filesystem::path(LAYERD_CONF) / "../docs/admin-api.md")) {
        if (row.at(0) != "GET" && row[0] != "POST")
            continue;
        INFO(row[1]);
        REQUIRE(row.size() == 4);
        CHECK_FALSE(row[2].empty());
        CHECK((row[3] == "no") == (row[0] == "GET"));
        CHECK(documented.insert(row[0] + " " + unquoted(row[1])).second);
    }
    for (auto const& p : admin_paths) {
        if (p.is_read)
            there.insert("GET " + std::string(p.path));
        if (p.is_command)
            there.insert("POST " + std::string(p.path));
    }
    CHECK(documented == there);
}

TEST_CASE("the admin listener answers at each of its paths, to the methods that it has, and nowhere else") {
    mirror m;
    m.start();
    auto const status = [&](char const* method, std::string_view path) {
        return http_client(m.server->admin_port()).request(method, std::string(path)).status;
    };
    for (auto const& p : admin_paths) {
        INFO(p.path);
        if (p.path == "/api/v1/events") { // has no end
            http_client c(m.server->admin_port());
            c.send_raw("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
            c.read_raw_until("data: {");
            continue;
        }
        auto const read = status("GET", p.path), command = status("POST", p.path);
        CHECK((p.is_read ? read == 200 || read == 400 : read == 405)); // 400: it wants to know more
        CHECK((p.is_command ? command == 200 || command == 400 : command == 405));
    }
    for (auto const* path : {"/api", "/api/v1", "/api/v1/", "/api/v1/gcc", "/metrics/", "/index.html"}) {
        CHECK(status("GET", path) == 404);
        CHECK(status("POST", path) == 404);
    }
}
