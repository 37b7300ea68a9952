// The body of one request: read by a handler that wants it, dropped by the session otherwise.
//
// Small documents only: what is stored comes another way. Where the body ends is certain (framing.h); what a handler
// leaves unread is read and dropped, so that the next request of the connection begins where it should.
#pragma once

#include "proxy/error.h"
#include "proxy/http/framing.h"
#include "proxy/http/sender.h"

#include <boost/beast/core/flat_buffer.hpp>

#include <cstddef>
#include <string>

namespace proxy {

class request_body {
public:
    // All references must outlive this. `buffer` holds what came along with the head; `expected` says that the client
    // waits to be asked for the body (Expect: 100-continue).
    request_body(framing f, bool expected, tcp_socket& socket, boost::beast::flat_buffer& buffer, sender& out)
        : kind_(f.kind), left_(f.length), expected_(expected), socket_(socket), buffer_(buffer), out_(out) {}
    request_body(request_body const&) = delete;

    // All of it, "" if there is none. Called at most once. An error is the answer to be given: 413 for more than
    // `limit` bytes, 411 for a body in chunks, 400 for one that broke off.
    task<result<std::string>> read(std::size_t limit);

    // What is left goes. False: the connection ended before, or the end of the body is not to be found.
    task<bool> drop();

private:
    task<bool> more();

    body_framing const kind_;
    std::uint64_t left_;
    bool const expected_;
    tcp_socket& socket_;
    boost::beast::flat_buffer& buffer_;
    sender& out_;
};

} // namespace proxy
