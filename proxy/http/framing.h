// The gate before routing: requests whose end two readers could see in different places are refused.
//
// Beast 1.81's parser lets several request-smuggling forms through (a Transfer-Encoding that is not chunked followed
// by a Content-Length, chunked in HTTP/1.0, encodings that do not end in chunked). Here at most one of the two fields
// is allowed, at most once, the encoding must be exactly "chunked", and only in HTTP/1.1. Source: RFC 9112 §6.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace proxy {

enum class body_framing : std::uint8_t { none, length, chunked };

struct framing {
    body_framing kind = body_framing::none;
    std::uint64_t length = 0; // of body_framing::length
};

// The framing of this head, or nothing: answer 400 and close.
std::optional<framing> check_framing(boost::beast::http::header<true> const& head);

} // namespace proxy
