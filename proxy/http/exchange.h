// One request and the answer to it: what a handler is given.
//
// A handler answers exactly once, through one of the reply functions, or returns an error, which the router answers.
// An error after a head has gone out closes the connection: the client sees a body cut short.
#pragma once

#include "oci/byte_range.h"
#include "proxy/access/rights.h"
#include "proxy/error.h"
#include "proxy/fill/fill.h"
#include "proxy/http/peer.h"
#include "proxy/http/request.h"
#include "proxy/http/request_body.h"
#include "proxy/http/response_head.h"
#include "proxy/http/sender.h"
#include "proxy/http/worker_local.h"
#include "proxy/stats/stats.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// A body that is in no file, sent by whoever makes it.
class streamed_body {
public:
    virtual ~streamed_body() = default;

    // Sends all of it; of unknown length in chunks, their end included. False: it broke off.
    virtual task<bool> send_to(sender& s) = 0;
};

class exchange {
public:
    exchange(request const& r, peer const& from, request_body& body, sender& s, worker_local& local,
             std::string& head_buffer, bool keep_alive)
        : request_(r), from_(from), body_(body), sender_(s), local_(local), head_buffer_(head_buffer),
          keep_alive_(keep_alive) {}

    request const& req() const noexcept { return request_; }
    peer const& from() const noexcept { return from_; }
    request_body& body() noexcept { return body_; }
    worker_local& local() noexcept { return local_; }

    // Starts a head in the connection's buffer. `ns`, if set before, is echoed as OCI-Namespace.
    response_head begin(unsigned status);

    // The answer holds a place of that queue, which a slow client may lose: see sender::hold(). Null: none any more.
    void hold(fair_queue* q) noexcept { sender_.hold(q); }
    // What the client owes by its pace is waited for before a place is taken, not in it.
    task<bool> settle() { return sender_.settle(); }

    // Ends the head with Content-Length and sends it with the body (without it for HEAD).
    task<result<void>> reply(response_head head, std::string_view body);
    // Of a HEAD answer about a body that is elsewhere.
    task<result<void>> reply_length_only(response_head head, std::uint64_t length);
    // Without body and without length: 304.
    task<result<void>> reply_empty(response_head head);
    // `head` says everything but Content-Length; the part of the file or of the fill follows.
    task<result<void>> reply_file(response_head head, store::blob_file const& file, oci::byte_range part);
    task<result<void>> reply_fill(response_head head, fill& f, oci::byte_range part);
    // The whole file (without it for HEAD).
    task<result<void>> reply_all_of(response_head head, store::blob_file const& file);
    // Without a length: chunked, for clients that request().takes_chunks().
    task<result<void>> reply_stream(response_head head, std::optional<std::uint64_t> length, streamed_body& body);

    // 416 with the size of what there is.
    task<result<void>> reply_unsatisfiable(error const& e, std::uint64_t size);
    // An OCI error body. The connection stays usable.
    task<result<void>> reply_error(error const& e);

    void count_pushed(std::uint64_t bytes) {
        pushed_bytes += bytes;
        local_.counters.bytes_pushed.add(bytes);
    }

    // The answer takes as long as whoever makes it: the client is not let go meanwhile.
    void await_work() noexcept { sender_.await_source(); }

    rights may;            // of whoever asks: all, until the guard has looked
    std::string challenge; // of a 401: the value of WWW-Authenticate; "": the usual one

    // What the log and the counters will say of this exchange.
    proxy::outcome outcome = proxy::outcome::pass;
    content_class content = content_class::other;
    std::string_view upstream_name; // of a configured upstream, or ""
    std::string ns;                 // as the client sent it
    bool unstored = false;          // passed through for want of space
    std::uint64_t pushed_bytes = 0; // taken in of what the client pushes

    unsigned status() const noexcept { return status_; }
    std::uint64_t body_bytes() const noexcept { return body_bytes_; }
    // A body of which much is left makes the answer the last one.
    bool keep_alive() const noexcept { return keep_alive_ && body_.is_soon_over(); }
    void close_after() noexcept { keep_alive_ = false; }
    steady_clock::time_point head_sent_at() const noexcept { return head_sent_at_; }

private:
    result<void> sent(bool whole, std::uint64_t before);

    request const& request_;
    peer const& from_;
    request_body& body_;
    sender& sender_;
    worker_local& local_;
    std::string& head_buffer_;
    bool keep_alive_;
    unsigned status_ = 0;
    std::uint64_t body_bytes_ = 0;
    steady_clock::time_point head_sent_at_{};
};

} // namespace proxy
