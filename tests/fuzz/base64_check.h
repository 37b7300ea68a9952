// Base64 of logins, tokens and keys: the input is taken for text to decode and for bytes to encode. What decodes is
// what decodes bit by bit too, and of base64url no two texts mean the same bytes.
#pragma once

#include "proxy/base64.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/plain_base64.h"

namespace fuzz {

inline void check_decoding(std::string_view text) {
    auto const url = proxy::from_base64url(text);
    expect(url == plain_decode(text, base64url_digits, false), "base64url as bit by bit");
    if (url)
        expect(proxy::base64url(*url) == text, "base64url has one spelling");

    auto unpadded = text;
    while (unpadded.ends_with('='))
        unpadded.remove_suffix(1);
    expect(proxy::from_base64(text) == plain_decode(unpadded, base64_digits, true), "Base64 as bit by bit");
}

inline void check_encoding(std::string_view bytes) {
    expect(proxy::base64url(bytes) == plain_encode(bytes, base64url_digits), "base64url is printed as bit by bit");
    auto const padded = proxy::base64(bytes);
    expect(padded.size() % 4 == 0, "Base64 is padded");
    expect(padded.substr(0, padded.find('=')) == plain_encode(bytes, base64_digits), "Base64 as bit by bit");
    expect(proxy::from_base64url(proxy::base64url(bytes)) == bytes, "base64url comes back");
    expect(proxy::from_base64(padded) == bytes, "Base64 comes back");
}

inline void check_base64(std::string_view input) {
    check_decoding(input);
    check_encoding(input);
}

} // namespace fuzz
