#include "proxy/base64.h"

#include <boost/beast/core/detail/base64.hpp>

#include <algorithm>

namespace proxy {

namespace codec = boost::beast::detail::base64;

std::string base64(std::string_view bytes) {
    std::string out(codec::encoded_size(bytes.size()), '\0');
    out.resize(codec::encode(out.data(), bytes.data(), bytes.size()));
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    while (text.ends_with('='))
        text.remove_suffix(1);
    if (text.size() % 4 == 1)
        return std::nullopt;
    std::string out(codec::decoded_size(text.size() + 3), '\0');
    auto const [written, read] = codec::decode(out.data(), text.data(), text.size());
    if (read != text.size())
        return std::nullopt;
    out.resize(written);
    return out;
}

std::string base64url(std::string_view bytes) {
    auto text = base64(bytes);
    text.resize(text.find_last_not_of('=') + 1);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
    if (text.find_first_of("+/=") != text.npos)
        return std::nullopt;
    std::string plain(text);
    std::ranges::replace(plain, '-', '+');
    std::ranges::replace(plain, '_', '/');
    auto bytes = from_base64(plain);
    // The last character may hold bits that mean nothing: of what is signed only one spelling is taken.
    if (bytes && base64url(*bytes) != text)
        return std::nullopt;
    return bytes;
}

} // namespace proxy
