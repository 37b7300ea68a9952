#include "proxy/http/request_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace proxy {

namespace http = boost::beast::http;

namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr std::size_t least_piece = 4 * 1024; // no line before a chunk is longer

error refused(unsigned status, std::string why) {
    return {oci::errc::size_invalid, error_source::client, retry_class::never, status, std::move(why)};
}

error too_slow() {
    auto e = refused(408, "the body comes too slowly");
    e.over = limit::body_rate;
    return e;
}

error broke_off() {
    return refused(400, "the body broke off");
}

} // namespace

task<std::size_t> request_body::receive(net::mutable_buffer to, error_code& ec) {
    out_.await_client(until_);
    auto const asked_at = steady_clock::now();
    auto const n = co_await client_.read_some(to, ec);
    if (ec)
        co_return 0;
    auto const now = steady_clock::now();
    is_slow_ = !rate_.keeps_up(n, now - asked_at) || now >= until_;
    if (is_slow_)
        ec = net::error::timed_out;
    co_return n;
}

task<bool> request_body::more(std::size_t most) {
    error_code ec;
    auto const n = co_await receive(buffer_.prepare(most), ec);
    if (ec)
        co_return false;
    buffer_.commit(n);
    co_return true;
}

std::optional<std::uint64_t> request_body::left() const noexcept {
    if (kind_ != body_framing::chunked)
        return left_;
    return parser_.is_done() ? std::optional<std::uint64_t>(0) : std::nullopt;
}

task<result<void>> request_body::ask_for_it() {
    bool const here = left() && *left() <= buffer_.size();
    if (!expected_ || here)
        co_return result<void>();
    expected_ = false;
    if (!co_await out_.send("HTTP/1.1 100 Continue\r\n\r\n", {}))
        co_return broke_off();
    co_return result<void>();
}

task<result<std::size_t>> request_body::read_some(std::span<std::byte> to) {
    auto asked = co_await ask_for_it();
    if (!asked)
        co_return asked.error();
    if (kind_ == body_framing::chunked)
        co_return co_await read_chunks(to);
    co_return co_await read_length(to);
}

// Straight from the connection once the buffer is empty: a large body is copied once.
task<result<std::size_t>> request_body::read_length(std::span<std::byte> to) {
    auto const wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, to.size()));
    if (wanted == 0)
        co_return std::size_t{0};
    std::size_t n = std::min(wanted, buffer_.size());
    if (n > 0) {
        std::memcpy(to.data(), buffer_.data().data(), n);
        buffer_.consume(n);
    } else {
        error_code ec;
        n = co_await receive(net::buffer(to.data(), wanted), ec);
        if (ec)
            co_return is_slow_ ? too_slow() : broke_off();
    }
    left_ -= n;
    co_return n;
}

void request_body::note_head() {
    if (!of_head_.empty() || parser_.is_done())
        return;
    for (auto const& field : parser_.get())
        of_head_.push_back(&field);
}

// They are not the request's: RFC 9110 §6.5.1. The parser puts each behind those of its name, or at the end.
void request_body::drop_trailer() {
    auto& all = parser_.get();
    std::size_t known = 0;
    for (auto at = all.begin(); at != all.end();) {
        bool const is_of_head = known < of_head_.size() && of_head_[known] == &*at;
        known += is_of_head ? 1 : 0;
        at = is_of_head ? std::next(at) : all.erase(at);
    }
}

task<result<std::size_t>> request_body::read_chunks(std::span<std::byte> to) {
    auto const piece = std::clamp(to.size(), least_piece, read_size); // a connection whose body is dropped keeps little
    auto& body = parser_.get().body();
    body.data = to.data();
    body.size = to.size();
    body.more = true;
    note_head();
    while (!parser_.is_done()) {
        error_code ec;
        auto const used = parser_.put(buffer_.data(), ec);
        buffer_.consume(used);
        drop_trailer();
        if (body.size < to.size())
            co_return to.size() - body.size;
        bool const stuck = used == 0 && buffer_.size() >= piece; // the line before a chunk never ends
        if (stuck || (ec && ec != http::error::need_more && ec != http::error::need_buffer))
            co_return refused(400, "the body's chunks are malformed");
        bool const wants_more = used == 0 && !parser_.is_done();
        if (wants_more && !co_await more(piece))
            co_return is_slow_ ? too_slow() : broke_off();
    }
    co_return std::size_t{0};
}

task<result<std::string>> request_body::read(std::size_t most) {
    auto too_large = refused(413, fmt::format("the body is larger than {} bytes", most));
    too_large.over = limit::body_size;
    if (left_ > most)
        co_return too_large;
    std::string all; // grows with what has come, not with what is promised
    for (std::size_t size = 0;;) {
        auto const promised = kind_ == body_framing::chunked ? read_size : std::min<std::uint64_t>(left_, read_size);
        all.resize(std::max(all.size(), size + static_cast<std::size_t>(promised)));
        auto const room = std::as_writable_bytes(std::span(all)).subspan(size);
        auto const n = co_await read_some(room);
        if (!n)
            co_return n.error();
        size += *n;
        if (size > most)
            co_return too_large;
        if (*n == 0 || (kind_ != body_framing::chunked && left_ == 0)) {
            all.resize(size);
            co_return std::move(all);
        }
    }
}

task<bool> request_body::drop() {
    std::array<std::byte, 4096> dropped;
    for (std::uint64_t sum = 0; sum <= max_dropped;) {
        if (left() == 0u)
            co_return true;
        expected_ = false; // who was not asked for it sends it all the same, or closes
        auto const n = co_await read_some(dropped);
        if (!n)
            co_return false;
        sum += *n;
    }
    co_return false;
}

} // namespace proxy
