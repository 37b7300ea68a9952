// A registry, CDN or token server on the loopback that does what the test wrote down, faults included, and records
// every request. It is a real HTTP/1.1 server with threads of its own; the client under test sees sockets.
//
//   scripted_origin origin;
//   origin.on("GET", "/v2/a/manifests/1").reply(503).reply(200, {{"ETag", "x"}}, "{}");  // in turn; the last repeats
//   origin.on("GET", "/v2/a/blobs/sha256:…").serve(bytes);                               // 200, or 206 for a Range
//   origin.on("GET", "/slow").reply(reply(200).body(bytes).hold_body(g));                // g->allow(10), g->open()
//   CHECK(origin.count("GET", "/v2/a/manifests/1") == 2);
//
// A HEAD without a script of its own gets the GET's answer without the body. What has no script is 404.
#pragma once

#include "proxy/config/config.h"
#include "tests/support/recorded_request.h"
#include "tests/support/scripted_reply.h"
#include "tests/support/test_certificate.h"
#include "tests/support/token_desk.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tests {

// The script of one method and path.
class scripted_route {
public:
    using handler = std::function<scripted_reply(recorded_request const&)>;

    scripted_route& reply(scripted_reply r);
    scripted_route& reply(unsigned status, header_list headers = {}, std::string body = {});
    scripted_route& redirect(std::string location, unsigned status = 307);
    scripted_route& call(handler h);         // for what depends on the request; runs on an origin's thread
    scripted_route& serve(std::string body); // a blob: whole, or from where the Range says

private:
    friend class scripted_origin;
    scripted_route(std::function<void(handler)> append) : append_(std::move(append)) {}

    std::function<void(handler)> append_;
};

// The whole of a blob or manifest, or the part that the request's Range asks for.
scripted_reply whole_or_part(std::shared_ptr<std::string const> const& body, recorded_request const& request);

// Methods may be called from any thread, also while requests are running.
class scripted_origin {
public:
    scripted_origin();                                          // http
    explicit scripted_origin(test_certificate const& identity); // https
    explicit scripted_origin(std::string const& address);       // http, at another address of the loopback
    ~scripted_origin();                                         // opens no gate, but waits at none either
    scripted_origin(scripted_origin const&) = delete;
    scripted_origin& operator=(scripted_origin const&) = delete;

    // ---- the script
    scripted_route on(std::string method, std::string path);
    void serve_tokens(std::string path, std::shared_ptr<token_desk> desk);
    // Everything below /v2/ needs a token of the desk for its repository; `realm` is the token server's URL.
    void require_token(std::shared_ptr<token_desk> desk, std::string realm);
    void require_basic(std::string username, std::string password);
    void drop_connections(); // closes all that are open, as a server does that restarts
    void go_down();          // for good: connections are closed, and new ones refused; what it saw can still be asked

    // ---- where it is
    std::uint16_t port() const noexcept;
    std::string url(std::string const& path = "", std::string const& host = "127.0.0.1") const;
    proxy::endpoint_config endpoint(std::string const& host = "127.0.0.1") const;

    // ---- what it saw
    std::vector<recorded_request> requests() const;
    std::vector<recorded_request> requests(std::string const& path) const;
    std::size_t count(std::string const& method, std::string const& path) const;
    std::size_t connections() const;      // ever accepted
    std::size_t open_connections() const; // at this moment
    std::size_t broken_off() const;       // answers that the client did not take to their end
    void forget_requests();
    // Waits until `path` was asked for `n` times, `n` answers were broken off; false after a minute.
    bool wait_for(std::string const& path, std::size_t n) const;
    bool wait_for_broken_off(std::size_t n) const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tests
