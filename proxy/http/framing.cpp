#include "proxy/http/framing.h"

#include "oci/charset.h"
#include <charconv>
#include <limits>

namespace proxy {

namespace http = boost::beast::http;

std::optional<framing> check_framing(http::header<true> const& head) {
    if (head.version() != 11 && head.version() != 10)
        return std::nullopt;
    auto const lengths = head.count(http::field::content_length);
    auto const encodings = head.count(http::field::transfer_encoding);
    if (lengths + encodings > 1)
        return std::nullopt;
    if (encodings == 1) {
        if (head.version() != 11)
            return std::nullopt;
        if (!oci::charset::equal_ignoring_case(head[http::field::transfer_encoding], "chunked"))
            return std::nullopt;
        return framing{body_framing::chunked, 0};
    }
    if (lengths == 0)
        return framing{};
    auto const text = head[http::field::content_length];
    std::uint64_t length = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), length);
    bool const is_a_length = length <= std::numeric_limits<std::int64_t>::max(); // two of them can be added up
    if (problem != std::errc{} || end != text.data() + text.size() || !is_a_length)
        return std::nullopt;
    return framing{length == 0 ? body_framing::none : body_framing::length, length};
}

} // namespace proxy
