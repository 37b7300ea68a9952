#include "tests/support/scripted_origin.h"

#include "tests/support/reply_writer.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <list>
#include <map>
#include <mutex>
#include <thread>

namespace tests {

namespace net = boost::asio;
namespace http = boost::beast::http;
using tcp = net::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds patience{60};

recorded_request record(http::request<http::string_body> const& r, std::size_t connection) {
    recorded_request out;
    out.method = std::string(r.method_string());
    out.target = std::string(r.target());
    out.path = out.target.substr(0, out.target.find('?'));
    for (auto const& f : r.base())
        out.headers.emplace_back(std::string(f.name_string()), std::string(f.value()));
    out.body = r.body();
    out.connection = connection;
    return out;
}

// "a/b" of "/v2/a/b/blobs/sha256:…".
std::string repository_of(std::string const& path) {
    for (auto const* part : {"/manifests/", "/blobs/", "/tags/", "/referrers/"})
        if (auto const at = path.rfind(part); at != std::string::npos && at > 4)
            return path.substr(4, at - 4);
    return {};
}

} // namespace

struct scripted_origin::state {
    struct script {
        std::vector<scripted_route::handler> answers;
        std::size_t used = 0;
    };
    struct line {
        int fd = -1; // while open
        bool over = false;
        std::jthread thread;
    };

    explicit state(test_certificate const* identity, std::string const& address = "127.0.0.1");
    ~state() { go_down(); }

    void go_down();
    void accept_loop(std::stop_token stop);
    void serve(tcp::socket socket, line& here, std::size_t number, std::stop_token stop);
    // True if the end of the last answer is the end of the connection: TLS must say so.
    template <class Stream>
    bool talk(Stream& stream, std::size_t number, std::stop_token stop);

    scripted_reply answer(recorded_request const& request);
    std::optional<scripted_reply> refusal(recorded_request const& request) const;
    scripted_route::handler next_of(std::string const& method, std::string const& path);

    template <class F>
    bool wait(F condition) const {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, patience, condition);
    }

    net::io_context context;
    tcp::acceptor acceptor{context};
    std::optional<net::ssl::context> tls;
    std::uint16_t port = 0;

    mutable std::mutex mutex; // guards all below
    mutable std::condition_variable changed;
    std::map<std::pair<std::string, std::string>, script> scripts;
    std::shared_ptr<token_desk> desk;
    std::string realm;
    std::string basic;
    std::vector<recorded_request> seen;
    std::size_t accepted = 0;
    std::size_t broken = 0;
    bool stopping = false;
    std::list<line> lines;

    std::jthread acceptor_thread; // last: starts when all else is there
};

scripted_origin::state::state(test_certificate const* identity, std::string const& address) {
    if (identity) {
        tls.emplace(net::ssl::context::tls_server);
        tls->use_certificate_chain(net::buffer(identity->certificate_pem));
        tls->use_private_key(net::buffer(identity->key_pem), net::ssl::context::pem);
    }
    acceptor.open(tcp::v4());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind({net::ip::make_address(address), 0});
    acceptor.listen();
    port = acceptor.local_endpoint().port();
    acceptor_thread = std::jthread([this](std::stop_token stop) { accept_loop(stop); });
}

void scripted_origin::state::go_down() {
    if (acceptor_thread.joinable()) {
        acceptor_thread.request_stop();
        ::shutdown(acceptor.native_handle(), SHUT_RDWR); // wakes the blocking accept
        acceptor_thread.join();
        acceptor.close();
    }
    {
        std::lock_guard lock(mutex);
        stopping = true;
        for (auto& l : lines) {
            l.thread.request_stop();
            if (l.fd >= 0)
                ::shutdown(l.fd, SHUT_RDWR);
        }
    }
    lines.clear(); // joins
}

void scripted_origin::state::accept_loop(std::stop_token stop) {
    while (!stop.stop_requested()) {
        error_code ec;
        tcp::socket socket(context);
        acceptor.accept(socket, ec);
        if (ec)
            continue;
        socket.set_option(tcp::no_delay(true), ec);
        std::lock_guard lock(mutex);
        std::erase_if(lines, [](line const& l) { return l.over; });
        auto& here = lines.emplace_back();
        here.fd = socket.native_handle();
        auto const number = ++accepted;
        here.thread = std::jthread([this, &here, number, s = std::move(socket)](std::stop_token asked) mutable {
            serve(std::move(s), here, number, asked);
        });
    }
}

void scripted_origin::state::serve(tcp::socket socket, line& here, std::size_t number, std::stop_token stop) {
    error_code ec;
    if (tls) {
        net::ssl::stream<tcp::socket&> stream(socket, *tls);
        stream.handshake(net::ssl::stream_base::server, ec);
        if (!ec && talk(stream, number, stop))
            stream.shutdown(ec); // says that the end is the end
    } else {
        talk(socket, number, stop);
    }
    std::lock_guard lock(mutex);
    here.fd = -1;
    socket.close(ec);
    here.over = true;
}

template <class Stream>
bool scripted_origin::state::talk(Stream& stream, std::size_t number, std::stop_token stop) {
    boost::beast::flat_buffer buffer;
    for (;;) {
        error_code ec;
        http::request<http::string_body> request;
        http::read(stream, buffer, request, ec);
        if (ec)
            return false;
        auto const recorded = record(request, number);
        auto const chosen = answer(recorded);
        reply_writer writer(stream, stop);
        bool const bodiless = recorded.method == "HEAD" || chosen.status == 304 || chosen.status == 204;
        bool const goes_on = writer.write(chosen, bodiless);
        if (writer.failed()) {
            std::lock_guard lock(mutex);
            ++broken;
            changed.notify_all();
        }
        if (!goes_on && chosen.resets)
            stream.lowest_layer().set_option(tcp::socket::linger(true, 0), ec);
        if (!goes_on)
            return chosen.frame == scripted_reply::framing::until_close && !chosen.cut;
    }
}

scripted_reply scripted_origin::state::answer(recorded_request const& request) {
    scripted_route::handler handler;
    {
        std::lock_guard lock(mutex);
        seen.push_back(request);
        changed.notify_all();
        if (auto refused = refusal(request))
            return *refused;
        handler = next_of(request.method, request.path);
        if (!handler && request.method == "HEAD")
            handler = next_of("GET", request.path);
    }
    if (!handler)
        return reply(404).header("Content-Type", "application/json").body(R"({"errors":[]})");
    try {
        return handler(request);
    } catch (std::exception const& e) { // on this thread it would end the program, and all other tests
        return reply(500).body("the script for " + request.path + " failed: " + e.what());
    }
}

std::optional<scripted_reply> scripted_origin::state::refusal(recorded_request const& request) const {
    if (!request.path.starts_with("/v2/"))
        return {};
    auto const authorization = request.header("Authorization");
    if (!basic.empty() && authorization != basic)
        return reply(401).header("WWW-Authenticate", R"(Basic realm="scripted")").body("who?");
    auto const repository = repository_of(request.path);
    if (desk && !desk->accepts(authorization, repository))
        return reply(401).header("WWW-Authenticate", desk->challenge(realm, repository)).body("who?");
    return {};
}

scripted_route::handler scripted_origin::state::next_of(std::string const& method, std::string const& path) {
    auto const found = scripts.find({method, path});
    if (found == scripts.end() || found->second.answers.empty())
        return {};
    auto& s = found->second;
    auto const& chosen = s.answers[std::min(s.used, s.answers.size() - 1)];
    ++s.used;
    return chosen;
}

scripted_origin::scripted_origin() : state_(std::make_unique<state>(nullptr)) {}
scripted_origin::scripted_origin(test_certificate const& identity) : state_(std::make_unique<state>(&identity)) {}
scripted_origin::scripted_origin(std::string const& address) : state_(std::make_unique<state>(nullptr, address)) {}
scripted_origin::~scripted_origin() = default;

scripted_route scripted_origin::on(std::string method, std::string path) {
    return scripted_route([s = state_.get(), key = std::pair(method, path)](scripted_route::handler h) {
        std::lock_guard lock(s->mutex);
        s->scripts[key].answers.push_back(std::move(h));
    });
}

void scripted_origin::serve_tokens(std::string path, std::shared_ptr<token_desk> desk) {
    on("GET", std::move(path)).call([desk](recorded_request const& r) { return desk->answer(r); });
}

void scripted_origin::require_token(std::shared_ptr<token_desk> desk, std::string realm) {
    std::lock_guard lock(state_->mutex);
    state_->desk = std::move(desk);
    state_->realm = std::move(realm);
}

void scripted_origin::require_basic(std::string username, std::string password) {
    std::lock_guard lock(state_->mutex);
    state_->basic = basic_authorization(username, password);
}

void scripted_origin::drop_connections() {
    std::lock_guard lock(state_->mutex);
    for (auto& l : state_->lines)
        if (l.fd >= 0)
            ::shutdown(l.fd, SHUT_RDWR);
}

void scripted_origin::go_down() {
    state_->go_down();
}

std::uint16_t scripted_origin::port() const noexcept {
    return state_->port;
}

std::string scripted_origin::url(std::string const& path, std::string const& host) const {
    return (state_->tls ? "https://" : "http://") + host + ":" + std::to_string(port()) + path;
}

proxy::endpoint_config scripted_origin::endpoint(std::string const& host) const {
    proxy::endpoint_config out;
    out.tls = state_->tls.has_value();
    out.host = host;
    out.port = port();
    return out;
}

std::vector<recorded_request> scripted_origin::requests() const {
    std::lock_guard lock(state_->mutex);
    return state_->seen;
}

std::vector<recorded_request> scripted_origin::requests(std::string const& path) const {
    auto all = requests();
    std::erase_if(all, [&](auto const& r) { return r.path != path; });
    return all;
}

std::size_t scripted_origin::count(std::string const& method, std::string const& path) const {
    auto const all = requests(path);
    return static_cast<std::size_t>(std::ranges::count(all, method, &recorded_request::method));
}

std::size_t scripted_origin::connections() const {
    std::lock_guard lock(state_->mutex);
    return state_->accepted;
}

std::size_t scripted_origin::open_connections() const {
    std::lock_guard lock(state_->mutex);
    return static_cast<std::size_t>(std::ranges::count_if(state_->lines, [](auto const& l) { return l.fd >= 0; }));
}

void scripted_origin::forget_requests() {
    std::lock_guard lock(state_->mutex);
    state_->seen.clear();
}

std::size_t scripted_origin::broken_off() const {
    std::lock_guard lock(state_->mutex);
    return state_->broken;
}

bool scripted_origin::wait_for(std::string const& path, std::size_t n) const {
    return state_->wait(
        [&] { return static_cast<std::size_t>(std::ranges::count(state_->seen, path, &recorded_request::path)) >= n; });
}

bool scripted_origin::wait_for_broken_off(std::size_t n) const {
    return state_->wait([&] { return state_->broken >= n; });
}

} // namespace tests
