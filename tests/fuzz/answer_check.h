// Answers of upstream registries, over a real connection: the input is how much of a body is read at a time, whether
// the answer is to a HEAD, and what the registry sends before it closes. An answer that is taken has one length at
// most; its body is what was sent, however it is read; and no connection with bytes left in it is used again.
#pragma once

#include "oci/charset.h"
#include "proxy/upstream/answer.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <optional>
#include <string>

namespace fuzz {

struct read_answer {
    bool has_head = false, is_whole = false;
    unsigned status = 0;
    std::optional<std::uint64_t> length;
    std::string fields, body;
};

// A registry on this machine that says the same to each that asks.
class talking_registry {
public:
    read_answer ask(std::string_view says, bool is_head, std::size_t piece) {
        read_answer out;
        std::exception_ptr failure;
        context_.restart();
        proxy::net::co_spawn(
            context_, [&]() -> proxy::task<void> { co_await read(says, is_head, piece, out); },
            [&](std::exception_ptr e) { failure = e; });
        context_.run();
        if (failure)
            std::rethrow_exception(failure);
        return out;
    }

private:
    proxy::task<void> read(std::string_view says, bool is_head, std::size_t piece, read_answer& out) {
        auto const at = acceptor_.local_endpoint();
        proxy::origin const to{false, "127.0.0.1", at.port()};
        auto const until = proxy::deadline::after(proxy::seconds(20));
        auto line = std::make_unique<proxy::connection>(context_.get_executor(), to);
        std::vector<proxy::tcp::endpoint> const addresses{at};
        auto const ec = co_await line->open(addresses, tls_, until);
        expect(!ec, "a connection to this machine");
        auto peer = acceptor_.accept();
        proxy::net::write(peer, proxy::net::buffer(says.data(), says.size()));
        peer.shutdown(proxy::tcp_socket::shutdown_send);
        auto const pool = std::make_shared<proxy::connection_pool>();
        {
            auto const kind = is_head ? proxy::answer::body::none : proxy::answer::body::expected;
            proxy::answer a(pool->adopt(std::move(line)), kind, proxy::seconds(20), counters_, now_);
            co_await read_all(a, piece, until, out);
        }
        // A connection that the registry has closed, or on which it has said more, is not given out again.
        expect(!pool->take(to, now_()), "no connection with something left in it is used again");
        // Reset, not closed: or this machine runs out of ports, each of which waits for a minute.
        peer.set_option(proxy::net::socket_base::linger(true, 0));
    }

    static proxy::task<void> read_all(proxy::answer& a, std::size_t piece, proxy::deadline until, read_answer& out) {
        auto const head = co_await a.read_head(until);
        out.has_head = head.has_value();
        if (!head) {
            expect(head.error().status == 502, "a bad answer is a bad gateway's");
            co_return;
        }
        out.status = a.status();
        out.length = a.content_length();
        for (auto const* name : {"Content-Type", "Docker-Content-Digest", "Location", "WWW-Authenticate", "Link"}) {
            out.fields += a.all_fields(name);
            expect(a.all_fields(name).starts_with(a.field(name)), "the first of all fields");
        }
        std::string part(piece, '\0');
        for (;;) {
            auto const n = co_await a.read_some(std::as_writable_bytes(std::span(part)), until);
            if (!n)
                co_return;
            expect(*n <= part.size(), "no more than there is room for");
            if (*n == 0)
                break;
            out.body.append(part, 0, *n);
        }
        out.is_whole = true;
    }

    boost::asio::io_context context_{1};
    proxy::tcp_acceptor acceptor_{context_.get_executor(), {proxy::net::ip::address_v4::loopback(), 0}};
    proxy::net::ssl::context tls_{proxy::net::ssl::context::tls_client};
    proxy::upstream_counters counters_;
    proxy::clock_source const now_ = [] { return proxy::steady_clock::now(); };
};

// How often a line of the head begins so.
inline std::size_t count_lines(std::string_view head, std::string_view begin) {
    std::size_t n = 0;
    for (auto at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2))
        n += lower(head.substr(at + 2, begin.size())) == begin ? 1 : 0;
    return n;
}

// The last head, after interim ones, and what follows it.
inline std::pair<std::string_view, std::string_view> split_head(std::string_view says) {
    for (;;) {
        auto const end = says.find("\r\n\r\n");
        if (end == says.npos)
            return {says, {}};
        auto const space = std::min(says.find(' '), end);
        if (says.substr(space + 1, 1) != "1")
            return {says.substr(0, end + 2), says.substr(end + 4)};
        says.remove_prefix(end + 4);
    }
}

inline void check_taken(read_answer const& a, std::string_view says, bool is_head) {
    expect(a.status / 100 != 1, "no interim answer is the answer");
    expect(a.fields.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "no field can split a head");
    auto const [head, rest] = split_head(says);
    auto const lengths = count_lines(head, "content-length:");
    auto const codings = count_lines(head, "transfer-encoding:");
    expect(codings == 0 || (codings == 1 && lengths == 0), "one way to tell where the body ends");
    if (is_head || a.status == 204 || a.status == 304) {
        expect(a.body.empty() && a.is_whole, "no body where none can be");
        return;
    }
    if (a.length) {
        expect(a.body.size() <= *a.length && a.is_whole == (a.body.size() == *a.length),
               "as long as it was said to be");
        expect(rest.starts_with(a.body), "the bytes behind the head");
    } else if (codings == 0) {
        expect(a.is_whole && a.body == rest, "all that came");
    }
}

inline void check_answer(std::string_view input) {
    static talking_registry registry;
    auto const [piece, rest] = split_byte(input);
    auto const [flags, says] = split_byte(rest);
    bool const is_head = (flags & 1) != 0;
    auto const a = registry.ask(says, is_head, piece + 1);
    auto const b = registry.ask(says, is_head, 1 << 16);
    expect(a.has_head == b.has_head && a.is_whole == b.is_whole && a.status == b.status, "however it is read");
    expect(a.length == b.length && a.fields == b.fields, "however it is read");
    if (a.is_whole)
        expect(a.body == b.body, "the same bytes however they are read");
    if (a.has_head)
        check_taken(b, says, is_head);
}

} // namespace fuzz
