#include "proxy/upstream/answer.h"

#include "oci/charset.h"
#include "proxy/upstream/transport_error.h"

#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

namespace proxy {

namespace http = beast::http;

namespace {

constexpr std::size_t parsed_buffer_size = 64 * 1024; // what Beast reads at once, at most
constexpr std::size_t piece_size = 16 * 1024;
constexpr std::size_t max_discarded_body = 64 * 1024;
constexpr milliseconds max_discard_time{500};

beast::string_view view(std::string_view s) {
    return {s.data(), s.size()};
}
std::string_view view(beast::string_view s) {
    return {s.data(), s.size()};
}

} // namespace

answer::answer(connection_lease line, body expected, milliseconds idle_timeout, upstream_counters& counters,
               clock_source const& now)
    : line_(std::move(line)), expected_(expected), idle_timeout_(idle_timeout), counters_(counters), now_(now),
      peer_(line_->peer()), address_(line_->address()) {}

task<result<void>> answer::read_head(deadline d) {
    for (int i = 0; i <= answer_limits::interim_answers; ++i) {
        auto const ec = co_await read_one_head(d);
        if (ec)
            co_return no_answer(ec);
        if (status() / 100 != 1)
            co_return choose_framing();
    }
    co_return upstream_error(502, peer_.to_string() + " sends interim answers without end");
}

task<error_code> answer::read_one_head(deadline d) {
    parser_.emplace(); // a parser reads one message
    parser_->header_limit(answer_limits::header_bytes);
    parser_->body_limit(boost::none); // bodies are counted by whoever reads them
    parser_->skip(expected_ == body::none);
    return line_->read_header(*parser_, d);
}

error answer::no_answer(error_code ec) {
    auto e = transport_error(ec, "no answer from", peer_);
    bool const nothing_came = !parser_->got_some() && line_->buffer().size() == 0;
    if (line_.reused() && nothing_came && ec != beast::error::timeout)
        e.retry = retry_class::fresh_connection;
    line_.close();
    return e;
}

// RFC 9112 §6. Beast lets some contradictions through; where lengths are in doubt the connection is not to be trusted.
result<void> answer::choose_framing() {
    auto const& head = parser_->get();
    auto const coding = head[http::field::transfer_encoding]; // of several the first, which may be empty
    auto const codings = head.count(http::field::transfer_encoding);
    bool const doubtful = codings != 0 && (head.version() != 11 || head.count(http::field::content_length) != 0 ||
                                           codings != 1 || !oci::charset::equal_ignoring_case(coding, "chunked"));
    if (doubtful) {
        line_.close();
        return upstream_error(502, "contradictory framing in the answer of " + peer_.to_string());
    }
    if (auto const n = parser_->content_length())
        length_ = *n;
    if (length_ > std::numeric_limits<std::int64_t>::max()) { // two of what is a length can be added up
        line_.close();
        return upstream_error(502, "a length that nothing has in the answer of " + peer_.to_string());
    }
    keep_alive_ = parser_->keep_alive();
    if (parser_->is_done()) {
        finish();
    } else if (length_) {
        framing_ = framing::length;
        remaining_ = *length_;
    } else {
        framing_ = framing::parsed;
        line_->buffer().reserve(parsed_buffer_size);
    }
    return {};
}

std::string_view answer::field(std::string_view name) const noexcept {
    return view(parser_->get()[view(name)]);
}

std::string answer::all_fields(std::string_view name) const {
    std::string out;
    auto const [first, last] = parser_->get().equal_range(view(name));
    for (auto at = first; at != last; ++at) {
        if (!out.empty())
            out += ", ";
        out += view(at->value());
    }
    return out;
}

task<result<std::size_t>> answer::read_some(std::span<std::byte> to, deadline d) {
    if (framing_ == framing::done || to.empty())
        co_return std::size_t{0};
    if (!line_)
        co_return upstream_error(502, "the connection to " + peer_.to_string() + " is gone");
    auto const step = d.within(idle_timeout_);
    auto const began = now_();
    auto reading = framing_ == framing::length ? read_known(to, step) : read_parsed(to, step);
    auto n = co_await std::move(reading);
    auto const waited = std::chrono::duration_cast<std::chrono::microseconds>(now_() - began);
    counters_.body_wait_us.fetch_add(static_cast<std::uint64_t>(waited.count()), std::memory_order_relaxed);
    co_return n;
}

task<result<std::size_t>> answer::read_known(std::span<std::byte> to, deadline d) {
    to = to.first(static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), remaining_)));
    std::size_t n = 0;
    auto& early = line_->buffer(); // came along with the head
    if (early.size() != 0) {
        n = std::min(early.size(), to.size());
        std::memcpy(to.data(), early.data().data(), n);
        early.consume(n);
    } else {
        error_code ec;
        n = co_await line_->read_some(to, d, ec);
        if (ec)
            co_return broken(ec);
    }
    counters_.bytes.fetch_add(n, std::memory_order_relaxed);
    remaining_ -= n;
    if (remaining_ == 0)
        finish();
    co_return n;
}

task<result<std::size_t>> answer::read_parsed(std::span<std::byte> to, deadline d) {
    auto& window = parser_->get().body();
    window.data = to.data();
    window.size = to.size();
    while (window.size == to.size() && !parser_->is_done()) { // a chunk's head alone brings no byte
        auto const ec = co_await line_->read_body(*parser_, d);
        if (ec && ec != http::error::need_buffer)
            co_return broken(ec);
    }
    std::size_t const n = to.size() - window.size;
    window.data = nullptr;
    counters_.bytes.fetch_add(n, std::memory_order_relaxed);
    if (parser_->is_done())
        finish();
    co_return n;
}

task<result<std::string>> answer::read_all(std::size_t limit, deadline d) {
    std::string out;
    if (framing_ == framing::length && remaining_ > limit)
        co_return too_large();
    std::size_t size = 0;
    for (;;) {
        out.resize(std::max(size + piece_size, out.size()));
        auto const n = co_await read_some(std::as_writable_bytes(std::span(out).subspan(size)), d);
        if (!n)
            co_return n.error();
        size += *n;
        if (size > limit)
            co_return too_large();
        if (*n == 0)
            break;
    }
    out.resize(size);
    co_return std::move(out);
}

error answer::too_large() const {
    return upstream_error(502, "the answer of " + peer_.to_string() + " is too large");
}

task<void> answer::discard(deadline d) {
    auto const soon = d.within(max_discard_time);
    std::vector<std::byte> piece(piece_size);
    std::size_t got = 0;
    while (framing_ != framing::done && line_) {
        if (got > max_discarded_body || remaining_ > max_discarded_body)
            break;
        auto const n = co_await read_some(piece, soon);
        if (!n)
            break;
        got += *n;
    }
    line_.close(); // nothing to close if it was given back
}

// The whole body has been read. Bytes beyond it belong to nothing we asked for.
void answer::finish() {
    framing_ = framing::done;
    if (keep_alive_ && line_->buffer().size() == 0)
        line_.give_back(now_());
    else
        line_.close();
}

error answer::broken(error_code ec) {
    line_.close();
    return transport_error(ec, "body cut off by", peer_);
}

} // namespace proxy
