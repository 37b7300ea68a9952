// The body of one request: read by a handler that wants it, dropped by the session otherwise.
//
// Where the body ends is certain (framing.h); what a handler leaves unread is read and dropped, so that the next
// request of the connection begins where it should. A client that sends nothing for as long as it might take nothing
// is let go.
#pragma once

#include "proxy/error.h"
#include "proxy/http/framing.h"
#include "proxy/http/sender.h"
#include "proxy/runtime/least_rate.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace proxy {

class request_body {
public:
    using parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;
    // A body may come slowly; one by the byte is there to hold a place. Judged over so much waiting.
    static constexpr seconds slow_window{30};
    static constexpr std::uint64_t max_dropped = 64 * 1024; // of what nobody read, for the connection's sake

    // All references must outlive this. `head` has parsed the head and nothing behind it, `buffer` holds what came
    // along with that; `expected` says that the client waits to be asked for the body (Expect: 100-continue).
    request_body(framing f, bool expected, parser& head, client_stream& client, boost::beast::flat_buffer& buffer,
                 sender& out)
        : kind_(f.kind), left_(f.length), expected_(expected), parser_(head), client_(client), buffer_(buffer),
          out_(out) {}
    request_body(request_body const&) = delete;

    // All of it has to come within this time, or the answer is 408: what is kept whole in memory is not waited for
    // longer.
    void come_within(steady_clock::duration d) noexcept { until_ = steady_clock::now() + d; }

    // What is left of it; unknown for chunks until their end.
    std::optional<std::uint64_t> left() const noexcept;

    // The next bytes of it: at least one, or none at its end. An error is the answer to be given: 400 for a body that
    // broke off or is malformed, 408 for one that comes slower than a kilobyte a second.
    task<result<std::size_t>> read_some(std::span<std::byte> to);

    // All of it, "" if there is none. 413 for more than `most` bytes, or as above.
    task<result<std::string>> read(std::size_t most);

    // What is left goes. False: the connection ended before, or the end of the body is not to be found.
    task<bool> drop();

    // Whether drop() is worth its while.
    bool is_soon_over() const noexcept { return !is_slow_ && left() && *left() <= max_dropped; }

private:
    task<bool> more(std::size_t most);
    task<std::size_t> receive(net::mutable_buffer to, error_code& ec);
    task<result<void>> ask_for_it();
    task<result<std::size_t>> read_chunks(std::span<std::byte> to);
    task<result<std::size_t>> read_length(std::span<std::byte> to);
    void note_head();
    void drop_trailer();

    body_framing const kind_;
    std::uint64_t left_; // of a body of known length
    bool expected_;
    parser& parser_;
    std::vector<boost::beast::http::fields::value_type const*> of_head_; // of a body in chunks: in their order
    client_stream& client_;
    boost::beast::flat_buffer& buffer_;
    sender& out_;
    least_rate rate_{slow_window};
    steady_clock::time_point until_ = steady_clock::time_point::max();
    bool is_slow_ = false;
};

} // namespace proxy
