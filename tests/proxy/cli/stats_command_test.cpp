#include "proxy/cli/http_fetch.h"
#include "proxy/cli/stats_command.h"
#include "tests/catch.h"
#include "tests/support/run_io.h"
#include "tests/support/running_server.h"
#include "tests/support/scripted_origin.h"
#include "tests/support/test_thread.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>

#include <sstream>

using namespace proxy;

namespace {

struct outcome_of_run {
    int code = 0;
    std::string out, err;
};

outcome_of_run stats_of(std::uint16_t port, bool json = false) {
    std::ostringstream out, err;
    stats_options o;
    o.admin = "http://127.0.0.1:" + std::to_string(port);
    o.json = json;
    auto const code = run_stats(o, {out, err, nullptr});
    return {code, out.str(), err.str()};
}

// Takes one connection, reads a request's head, answers with `answer`, and closes once the client has.
class one_answer {
public:
    explicit one_answer(std::string answer) : answer_(std::move(answer)) {}
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

private:
    void serve() {
        net::ip::tcp::socket client(context_);
        acceptor_.accept(client);
        std::string head;
        error_code ec;
        net::read_until(client, net::dynamic_buffer(head), "\r\n\r\n", ec);
        net::write(client, net::buffer(answer_), ec);
        if (!answer_.empty())
            client.shutdown(net::ip::tcp::socket::shutdown_send, ec);
        net::read(client, net::dynamic_buffer(head), ec);
    }

    std::string answer_;
    net::io_context context_;
    net::ip::tcp::acceptor acceptor_{context_, {net::ip::address_v4::loopback(), 0}};
    tests::test_thread thread_{[this] { serve(); }};
};

std::string document(std::string const& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// What `f` gives, or the message of its error.
template <class F>
std::string outcome_of(F f) {
    worker w(0);
    auto const r = tests::run_io(w, f);
    return r ? *r : r.error().message;
}

} // namespace

TEST_CASE("stats of a running server are a table, or its document") {
    tests::temp_folder folder;
    tests::running_server server(tests::test_config(folder.path(), 1));
    auto const table = stats_of(server.admin_port());
    INFO(table.err);
    CHECK(table.code == 0);
    CHECK(table.out.starts_with("layerd "));
    CHECK(table.out.find("  manifest    0     0") != std::string::npos);
    CHECK(table.out.find("  docker.io         0") != std::string::npos);

    auto const json = stats_of(server.admin_port(), true);
    CHECK(json.code == 0);
    CHECK(boost::json::parse(json.out).as_object().contains("network_savings"));
}

TEST_CASE("stats of a server that is not there say so") {
    std::uint16_t port = 0;
    {
        net::io_context context;
        net::ip::tcp::acceptor a(context, {net::ip::address_v4::loopback(), 0});
        port = a.local_endpoint().port();
    }
    auto const r = stats_of(port);
    CHECK(r.code == 1);
    CHECK(r.out.empty());
    CHECK(r.err == "layerd stats: cannot reach http://127.0.0.1:" + std::to_string(port) +
                       ": Connection refused; is layerd running there? (--admin URL says where)\n");
}

TEST_CASE("stats of something that is not layerd say so") {
    struct {
        std::string answer;
        char const* complaint;
    } const cases[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
         "/api/v1/stats answered 404: is this the admin API of layerd?"},
        {document("<html>"), "is no statistics document"},
        {document("[1]"), "is no statistics document"},
        {"SSH-2.0-OpenSSH_9.2\r\n", "cannot reach"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "the answer is too large"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "cannot reach"},
    };
    for (auto const& c : cases) {
        INFO(c.answer);
        one_answer const server(c.answer);
        auto const r = stats_of(server.port());
        INFO(r.err);
        CHECK(r.code == 1);
        CHECK(r.out.empty());
        CHECK(r.err.find(c.complaint) != std::string::npos);
    }
}

TEST_CASE("a server that takes the request and says nothing is given up in time") {
    one_answer const silent("");
    endpoint_config const at{false, "127.0.0.1", silent.port(), ""};
    auto const message =
        outcome_of([&] { return http_fetch(at, "/", deadline::after(std::chrono::milliseconds(50))); });
    CHECK(message == "cannot reach http://127.0.0.1:" + std::to_string(silent.port()) + ": no answer in time");
}

TEST_CASE("a command and its document arrive, and a refusal is told in the server's words") {
    tests::scripted_origin server;
    server.on("POST", "/api/v1/do").reply(200, {}, "done").reply(409, {}, R"({"error":"it is being done"})");
    auto const at = server.endpoint();
    auto const post = [&] {
        return http_post(at, "/api/v1/do", R"({"a":1})", deadline::after(std::chrono::seconds(60)));
    };
    CHECK(outcome_of(post) == "done");
    auto const asked = server.requests().at(0);
    CHECK(asked.body == R"({"a":1})");
    CHECK(asked.header("Content-Type") == "application/json");
    CHECK(asked.header("Content-Length") == "7");
    CHECK(outcome_of(post) == "it is being done");
}
