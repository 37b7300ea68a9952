#include "proxy/http/exchange.h"

#include "proxy/http/login_challenge.h"

namespace proxy {

response_head exchange::begin(unsigned status) {
    response_head head(head_buffer_, status, local_.date);
    if (!ns.empty())
        head.field("OCI-Namespace", ns);
    status_ = status;
    return head;
}

result<void> exchange::sent(bool whole, std::uint64_t before) {
    body_bytes_ = sender_.sent() > before + head_buffer_.size() ? sender_.sent() - before - head_buffer_.size() : 0;
    if (whole)
        return {};
    keep_alive_ = false;
    return internal_error("the answer was cut short");
}

task<result<void>> exchange::reply(response_head head, std::string_view body) {
    head.field("Content-Length", body.size()).finish(keep_alive());
    auto const before = sender_.sent();
    head_sent_at_ = steady_clock::now();
    bool const whole = co_await sender_.send(head_buffer_, request_.is_head() ? std::string_view() : body);
    co_return sent(whole, before);
}

task<result<void>> exchange::reply_length_only(response_head head, std::uint64_t length) {
    head.field("Content-Length", length).finish(keep_alive());
    auto const before = sender_.sent();
    head_sent_at_ = steady_clock::now();
    bool const whole = co_await sender_.send(head_buffer_, {});
    co_return sent(whole, before);
}

task<result<void>> exchange::reply_empty(response_head head) {
    head.finish(keep_alive());
    auto const before = sender_.sent();
    head_sent_at_ = steady_clock::now();
    bool const whole = co_await sender_.send(head_buffer_, {});
    co_return sent(whole, before);
}

task<result<void>> exchange::reply_file(response_head head, store::blob_file const& file, oci::byte_range part) {
    if (file.in_memory())
        co_return co_await reply(head, file.bytes().substr(part.first, part.length()));
    head.field("Content-Length", part.length()).finish(keep_alive());
    auto const before = sender_.sent();
    head_sent_at_ = steady_clock::now();
    bool whole = co_await sender_.send(head_buffer_, {}, part.length() > 0 ? more::follows : more::no);
    if (whole)
        whole = co_await sender_.send_file(file, part.first, part.length());
    co_return sent(whole, before);
}

task<result<void>> exchange::reply_all_of(response_head head, store::blob_file const& file) {
    if (file.in_memory())
        return reply(head, file.bytes());
    if (request_.is_head())
        return reply_length_only(head, file.size());
    if (file.size() == 0)
        return reply(head, {});
    return reply_file(head, file, {0, file.size() - 1});
}

task<result<void>> exchange::reply_fill(response_head head, fill& f, oci::byte_range part) {
    head.field("Content-Length", part.length()).finish(keep_alive());
    auto const before = sender_.sent();
    head_sent_at_ = steady_clock::now();
    // Without waiting for the body: clients give the first header a bounded time only.
    bool whole = co_await sender_.send(head_buffer_, {});
    if (whole)
        whole = co_await sender_.send_fill(f, part.first, part.length());
    co_return sent(whole, before);
}

task<result<void>> exchange::reply_stream(response_head head, std::optional<std::uint64_t> length,
                                          streamed_body& body) {
    if (length)
        head.field("Content-Length", *length);
    else
        head.field("Transfer-Encoding", "chunked");
    head.finish(keep_alive());
    auto const before = sender_.sent();
    head_sent_at_ = steady_clock::now();
    bool whole = co_await sender_.send(head_buffer_, {});
    if (whole)
        whole = co_await body.send_to(sender_);
    co_return sent(whole, before);
}

task<result<void>> exchange::reply_unsatisfiable(error const& e, std::uint64_t size) {
    outcome = proxy::outcome::error;
    auto head = begin(416);
    head.field("Content-Type", "application/json").field("Content-Range", "bytes */" + std::to_string(size));
    head.field("Cache-Status", "layerd; detail=error");
    auto const body = oci::to_json({e.code, e.message});
    co_return co_await reply(head, body);
}

task<result<void>> exchange::reply_error(error const& e) {
    outcome = proxy::outcome::error;
    auto head = begin(e.status);
    head.field("Content-Type", "application/json").field("Cache-Status", "layerd; detail=error");
    if (e.status == 401)
        head.field("WWW-Authenticate", challenge.empty() ? login_challenge : std::string_view(challenge));
    if (e.status == 405)
        head.field("Allow", "GET, HEAD");
    if (e.retry_after.count() > 0)
        head.field("Retry-After", static_cast<std::uint64_t>(e.retry_after.count()));
    auto const body = oci::to_json({e.code, e.message});
    co_return co_await reply(head, body);
}

} // namespace proxy
