#include "oci/upload_range.h"

#include "oci/charset.h"

#include <charconv>

namespace oci {

namespace {

// Positions above this are no upload's, and their arithmetic would overflow.
constexpr std::uint64_t max_position = std::uint64_t{1} << 62;

bool read_position(std::string_view text, std::uint64_t& to) noexcept {
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), to);
    return problem == std::errc{} && end == text.data() + text.size() && to < max_position;
}

} // namespace

result<byte_range> parse_upload_range(std::string_view field) {
    std::string_view text = charset::trim(field);
    if (text.starts_with("bytes "))
        text.remove_prefix(6);
    text = text.substr(0, text.find('/'));
    auto const dash = text.find('-');
    byte_range r;
    if (dash == std::string_view::npos || !read_position(text.substr(0, dash), r.first) ||
        !read_position(text.substr(dash + 1), r.last) || r.last < r.first)
        return error{errc::range_invalid, "not a chunk's Content-Range: " + charset::quoted(field)};
    return r;
}

std::string upload_range(std::uint64_t received) {
    return "0-" + std::to_string(received == 0 ? 0 : received - 1);
}

} // namespace oci
