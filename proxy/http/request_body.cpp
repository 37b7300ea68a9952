#include "proxy/http/request_body.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {

namespace {

constexpr std::size_t read_size = 8 * 1024;

error refused(unsigned status, std::string why) {
    return {oci::errc::size_invalid, error_source::client, retry_class::never, status, std::move(why)};
}

} // namespace

task<bool> request_body::more() {
    error_code ec;
    auto const n = co_await socket_.async_read_some(buffer_.prepare(read_size), net::redirect_error(use_task, ec));
    if (ec)
        co_return false;
    buffer_.commit(n);
    co_return true;
}

task<result<std::string>> request_body::read(std::size_t limit) {
    if (kind_ == body_framing::chunked)
        co_return refused(411, "send the body with its Content-Length");
    if (left_ > limit)
        co_return refused(413, fmt::format("the body is larger than {} bytes", limit));
    if (expected_ && left_ > buffer_.size() && !co_await out_.send("HTTP/1.1 100 Continue\r\n\r\n", {}))
        co_return refused(400, "the connection ended");
    std::string all;
    all.reserve(left_);
    while (left_ > 0) {
        if (buffer_.size() == 0 && !co_await more())
            co_return refused(400, "the body broke off");
        auto const here = std::min<std::uint64_t>(left_, buffer_.size());
        all.append(static_cast<char const*>(buffer_.data().data()), here);
        buffer_.consume(here);
        left_ -= here;
    }
    co_return std::move(all);
}

task<bool> request_body::drop() {
    for (;;) {
        auto const here = std::min<std::uint64_t>(left_, buffer_.size());
        buffer_.consume(here);
        left_ -= here;
        if (left_ == 0)
            co_return kind_ != body_framing::chunked;
        if (!co_await more())
            co_return false;
    }
}

} // namespace proxy
