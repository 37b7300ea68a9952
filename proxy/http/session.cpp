#include "proxy/http/session.h"

#include "oci/charset.h"
#include "proxy/http/exchange.h"
#include "proxy/http/sender.h"
#include "proxy/runtime/jitter.h"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <spdlog/spdlog.h>

namespace proxy {

namespace http = boost::beast::http;

namespace {

constexpr std::size_t read_size = 2 * 1024;  // most heads are smaller; thousands of idle plain connections keep it
constexpr std::size_t usual_head = 8 * 1024; // of clients; those that show long tokens have more
constexpr std::size_t max_large_heads = 128; // that one worker reads at a time: thousands would be much memory
constexpr std::chrono::milliseconds longest_turn{1000};
constexpr seconds longest_handshake{10}; // from its first record, and in waiting for its turn
constexpr seconds first_request_time{1}; // of who was accepted just before a stop: his request is on its way
constexpr unsigned char tls_handshake_record = 0x16;

peer peer_at(tcp::endpoint const& at) {
    auto address = at.address();
    auto name = address.to_string() + ":" + std::to_string(at.port());
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
    auto client = client_table::name_of(address);
    return {std::move(name), std::move(client), address, false, nullptr};
}

bool has_too_many_fields(http::header<true> const& head) {
    std::size_t n = 0;
    for (auto at = head.begin(); at != head.end(); ++at)
        if (++n > session::max_fields)
            return true;
    return false;
}

// RFC 9112 §3.2: who could be meant by two names, or by none, is not guessed.
bool names_one_host(http::header<true> const& head) {
    auto const n = head.count(http::field::host);
    return n == 1 || (n == 0 && head.version() < 11);
}

// What a large head or a body has made of it is not kept for who is only waited for. Of an empty buffer.
void give_back_room(beast::flat_buffer& b) {
    if (b.capacity() > read_size)
        b.shrink_to_fit();
}

std::shared_ptr<identity const> identity_of(client_stream::certified shown) {
    if (!is_user_name(shown.name))
        return nullptr;
    identity who;
    who.user = std::move(shown.name);
    who.until = shown.until;
    return std::make_shared<identity const>(std::move(who));
}

} // namespace

session::session(tcp_socket socket, tcp::endpoint const& from, client_table::place place, worker_local& local,
                 service& s, server_parts const& parts)
    : place_(std::move(place)), stream_(std::move(socket)), local_(local), service_(s), parts_(parts),
      entry_(local.dog, stream_.socket()), peer_(peer_at(from)) {}

task<void> session::run() {
    local_.counters.connections.add();
    bool more = true;
    while (more)
        more = co_await serve_one();
    co_await linger();
}

task<bool> session::secure(server_identity::ptr as) {
    auto const& limits = parts_.settings.server;
    auto const now = steady_clock::now();
    entry_.expire_after(limit::header_timeout, limits.header_timeout, now);
    entry_.set_idle(now + first_request_time);
    std::optional<fair_queue::place> turn;
    if (co_await stream_.wait_for_greeting())
        turn = co_await local_.handshakes->enter(local_.home, peer_.client, deadline::after(longest_handshake));
    entry_.expire_after(limit::header_timeout, std::min<seconds>(limits.header_timeout, longest_handshake),
                        steady_clock::now());
    auto done = client_stream::greeting::failed;
    if (turn)
        done = co_await stream_.secure(std::move(as));
    turn.reset();
    entry_.set_busy();
    if (done == client_stream::greeting::secure) {
        peer_.secure = true;
        peer_.certificate = identity_of(stream_.certificate());
        co_return true;
    }
    local_.counters.bad_handshakes.add();
    if (done == client_stream::greeting::plain_http)
        co_await refuse(400, "this port speaks TLS: use https://");
    co_await linger();
    co_return false;
}

task<void> session::turn_away(limit met) {
    entry_.expire_after(limit::none, seconds(5), steady_clock::now());
    co_await send_error(overloaded(met == limit::open_files ? "too many open files" : "too many connections", met));
    co_await linger();
}

// Closing with unread bytes in the socket would make the kernel reset the connection, and the client might lose an
// answer that it has not read yet. So the rest is read and dropped, up to a bound.
task<void> session::linger() {
    stream_.end_sending();
    parser_.reset(); // what a head took is not kept for who is only waited for
    large_.reset();
    auto const now = steady_clock::now();
    entry_.expire_after(limit::none, seconds(2), now);
    entry_.set_idle(now);
    constexpr std::size_t most = 16 * 1024 * 1024; // of an upload that was refused while it was on its way
    for (std::size_t dropped = 0; dropped < most; dropped += buffer_.size()) {
        buffer_.clear();
        give_back_room(buffer_);
        if (!co_await fill_buffer())
            co_return;
    }
}

task<bool> session::fill_buffer() {
    if (stream_.is_secure()) { // what TLS itself needs is enough for who is only waited for, in the midst of a head too
        buffer_.shrink_to_fit();
        if (!co_await stream_.wait_for_data())
            co_return false;
    }
    error_code ec;
    auto const n = co_await stream_.read_some(buffer_.prepare(read_size), ec);
    if (ec)
        co_return false;
    buffer_.commit(n);
    co_return true;
}

// Reads until the head is complete. Leaves what follows it in the buffer.
task<session::head_result> session::read_head() {
    large_.reset();
    auto const& limits = parts_.settings.server;
    parser_.emplace();
    parser_->header_limit(max_head_size);
    parser_->body_limit(boost::none); // bodies are bounded where they are read
    if (buffer_.size() == 0) {
        give_back_room(buffer_);
        auto const now = steady_clock::now();
        entry_.expire_after(limit::idle_timeout, limits.idle_timeout, now);
        entry_.set_idle(asked_before_ ? now : now + first_request_time);
        bool const more = co_await fill_buffer();
        entry_.set_busy();
        asked_before_ = true;
        if (!more)
            co_return head_result::closed;
    }
    entry_.expire_after(limit::header_timeout, limits.header_timeout, steady_clock::now());
    if (!stream_.is_secure() && *static_cast<unsigned char const*>(buffer_.data().data()) == tls_handshake_record)
        co_return head_result::tls;
    for (std::size_t size = 0;;) {
        error_code ec;
        auto const used = parser_->put(buffer_.data(), ec);
        buffer_.consume(used);
        size += used;
        if (has_too_many_fields(parser_->get()))
            co_return head_result::too_large;
        if (size + buffer_.size() > usual_head && !large_) {
            if (local_.large_heads >= max_large_heads)
                co_return head_result::one_too_many;
            large_.emplace(local_.large_heads);
        }
        if (parser_->is_header_done())
            co_return size > max_head_size ? head_result::too_large : head_result::complete;
        // The parser's own limit is of what it has not taken yet.
        if (ec == http::error::header_limit || size + buffer_.size() >= max_head_size)
            co_return head_result::too_large;
        if (ec && ec != http::error::need_more)
            co_return head_result::malformed;
        if (!co_await fill_buffer())
            co_return head_result::closed;
    }
}

// A client that asks faster than it may waits; who is far ahead of his turn is told so.
task<bool> session::wait_turn() {
    auto* pace = place_.request_pace();
    if (!pace)
        co_return true;
    auto const wait = pace->take(1, steady_clock::now());
    if (wait > longest_turn) {
        pace->give_back(1);
        co_return false;
    }
    if (wait > steady_clock::duration::zero())
        co_await wait_for(std::chrono::ceil<milliseconds>(wait));
    co_return true;
}

task<bool> session::serve_one() {
    switch (co_await read_head()) {
    case head_result::closed:
        co_return false;
    case head_result::tls:
        co_await refuse(400, "this port speaks plain HTTP");
        co_return false;
    case head_result::malformed:
        co_await refuse(400, "malformed request");
        co_return false;
    case head_result::too_large:
        co_await refuse(431, "the request's head is too large", limit::head_size);
        co_return false;
    case head_result::one_too_many:
        co_await refuse(503, "too many requests with large heads", limit::large_heads);
        co_return false;
    case head_result::complete:
        break;
    }
    auto const& head = parser_->get();
    auto const body = check_framing(head);
    if (!body) {
        co_await refuse(400, "the length of the request is ambiguous");
        co_return false;
    }
    if (!names_one_host(head)) {
        co_await refuse(400, "a request names one host");
        co_return false;
    }
    if (peer_.certificate && peer_.certificate->until <= parts_.now()) { // the handshake looked at it once
        co_await refuse(401, "the client's certificate has expired");
        co_return false;
    }
    bool const keep_alive = head.version() == 11 && head.keep_alive() && !local_.draining;

    request const r(head, *body);
    auto const now = steady_clock::now();
    entry_.expire_after(limit::write_timeout, parts_.settings.server.write_timeout, now);
    entry_.begin_request(now + parts_.settings.server.request_timeout);
    sender out(stream_, entry_, parts_.disk, parts_.settings.server.write_timeout, place_.pace());
    bool const expected = oci::charset::equal_ignoring_case(head[http::field::expect], "100-continue");
    request_body content(*body, expected, *parser_, stream_, buffer_, out);
    exchange x(r, peer_, content, out, local_, head_buffer_, keep_alive);
    if (co_await wait_turn()) {
        co_await service_.serve(x);
    } else {
        local_.counters.refuse(limit::requests);
        auto const e = overloaded("too many requests a second", limit::requests);
        co_await x.reply_error(e);
    }
    if (!x.keep_alive())
        co_return false;
    if (body->kind != body_framing::none)
        entry_.expire_after(limit::header_timeout, parts_.settings.server.header_timeout, steady_clock::now());
    bool const is_read = co_await content.drop();
    entry_.end_request();
    co_return is_read;
}

// Before there is a request: a plain answer that every client understands, then the end of the connection.
task<void> session::refuse(unsigned status, std::string_view why, limit over) {
    local_.counters.bad_requests.add();
    local_.counters.refuse(over);
    spdlog::info("{}: refused with {}: {}", peer_.name, status, why);
    error const e{oci::errc::unsupported, error_source::client, retry_class::never, status, std::string(why)};
    co_await send_error(e);
}

task<void> session::send_error(error const& e) {
    auto const body = oci::to_json({e.code, e.message});
    response_head head(head_buffer_, e.status, local_.date);
    head.field("Content-Type", "application/json").field("Cache-Status", "layerd; detail=error");
    if (e.retry_after.count() > 0)
        head.field("Retry-After", static_cast<std::uint64_t>(e.retry_after.count()));
    head.field("Content-Length", body.size()).finish(false);
    sender out(stream_, entry_, parts_.disk, seconds(5));
    co_await out.send(head_buffer_, body);
}

} // namespace proxy
