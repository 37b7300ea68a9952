// One HTTP answer: its head, and its body read piece by piece.
//
// A body whose length is known goes from the socket straight into the caller's memory; chunked bodies and those that
// end with the connection go through Beast's parser. When the end was reached and the peer agrees, the connection is
// given back to its pool; in every other case it closes.
#pragma once

#include "proxy/error.h"
#include "proxy/runtime/clock.h"
#include "proxy/stats/stats.h"
#include "proxy/upstream/connection_pool.h"

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace proxy {

struct answer_limits {
    static constexpr std::uint32_t header_bytes = 64 * 1024;
    static constexpr int interim_answers = 8; // 100, 103
};

class answer {
public:
    enum class body : std::uint8_t { expected, none }; // none: the answer to a HEAD

    answer(connection_lease line, body expected, milliseconds idle_timeout, upstream_counters& counters,
           clock_source const& now);
    answer(answer const&) = delete;
    answer& operator=(answer const&) = delete;

    // Called once, first. retry_class::fresh_connection: a reused connection failed before any byte of an answer.
    task<result<void>> read_head(deadline d);

    net::ip::address const& address() const noexcept { return address_; } // whose it is
    unsigned status() const noexcept { return parser_->get().result_int(); }
    std::optional<std::uint64_t> content_length() const noexcept { return length_; }
    std::string_view field(std::string_view name) const noexcept; // the first, "" if absent
    std::string all_fields(std::string_view name) const;          // joined with ", "

    // At least one byte, or 0 at the end. A body that ends early is an error.
    task<result<std::size_t>> read_some(std::span<std::byte> to, deadline d);
    task<result<std::string>> read_all(std::size_t limit, deadline d);

    // Nobody wants the body: read it if it is short, so that the connection can be used again; else close.
    task<void> discard(deadline d);

private:
    enum class framing : std::uint8_t { done, length, parsed };
    using parser = beast::http::response_parser<beast::http::buffer_body>;

    task<error_code> read_one_head(deadline d);
    error no_answer(error_code ec);
    error too_large() const;
    result<void> choose_framing();
    task<result<std::size_t>> read_known(std::span<std::byte> to, deadline d);
    task<result<std::size_t>> read_parsed(std::span<std::byte> to, deadline d);
    void finish();
    error broken(error_code ec);

    connection_lease line_;
    body expected_;
    milliseconds idle_timeout_;
    upstream_counters& counters_;
    clock_source const& now_;
    origin peer_;
    net::ip::address address_;
    std::optional<parser> parser_;
    framing framing_ = framing::done;
    bool keep_alive_ = false;
    std::optional<std::uint64_t> length_;
    std::uint64_t remaining_ = 0; // of framing::length
};

} // namespace proxy
