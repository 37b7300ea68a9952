// Heads of requests, as a session reads them. Where one ends and where its body ends the simplest reader sees in the
// same place: what the gate lets through has one length at most, that reader's, and nothing in it that another might
// split.
#pragma once

#include "oci/charset.h"
#include "proxy/http/request.h"
#include "proxy/http/request_body.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

#include <algorithm>
#include <string>
#include <vector>

namespace fuzz {

struct plain_head {
    std::string first_line;
    std::vector<std::pair<std::string, std::string>> fields; // names in lower case
    std::vector<std::string> values(std::string_view name) const {
        std::vector<std::string> out;
        for (auto const& f : fields)
            if (f.first == name)
                out.push_back(f.second);
        return out;
    }
};

// Line by line; a line that begins with a blank goes on with the one before (RFC 9112 §5.2).
inline plain_head read_head_plainly(std::string_view text) {
    plain_head out;
    while (!text.empty()) {
        auto const end = std::min(text.find("\r\n"), text.size());
        auto const line = text.substr(0, end);
        text.remove_prefix(std::min(end + 2, text.size()));
        bool const goes_on = !out.fields.empty() && (line.starts_with(' ') || line.starts_with('\t'));
        auto const colon = std::min(line.find(':'), line.size());
        if (out.first_line.empty()) {
            out.first_line = line;
        } else if (goes_on) {
            out.fields.back().second =
                oci::charset::trim(out.fields.back().second + " " + std::string(oci::charset::trim(line)));
        } else if (!line.empty()) {
            out.fields.emplace_back(lower(oci::charset::trim(line.substr(0, colon))),
                                    oci::charset::trim(line.substr(std::min(colon + 1, line.size()))));
        }
    }
    return out;
}

inline bool is_decimal(std::string_view text, std::uint64_t value) {
    while (text.size() > 1 && text.starts_with('0'))
        text.remove_prefix(1);
    return text == std::to_string(value);
}

inline void check_gate(plain_head const& head, proxy::framing const& f) {
    auto const lengths = head.values("content-length");
    auto const codings = head.values("transfer-encoding");
    expect(lengths.size() + codings.size() <= 1, "one field at most says where the body ends");
    bool const is_new = head.first_line.ends_with(" HTTP/1.1");
    expect(is_new || head.first_line.ends_with(" HTTP/1.0"), "a version that is known");
    switch (f.kind) {
    case proxy::body_framing::chunked:
        expect(is_new && codings.size() == 1 && lower(codings.front()) == "chunked",
               "chunks only as HTTP/1.1 has them");
        break;
    case proxy::body_framing::length:
        expect(f.length > 0 && lengths.size() == 1 && is_decimal(lengths.front(), f.length),
               "the length that it names");
        break;
    case proxy::body_framing::none:
        expect(codings.empty() && (lengths.empty() || is_decimal(lengths.front(), 0)), "no body where none is named");
        break;
    }
}

inline void check_fields(boost::beast::http::header<true> const& head, plain_head const& plain) {
    std::vector<std::string> read, written; // Beast keeps those of one name together
    for (auto const& field : head) {
        std::string const name(field.name_string()), value(field.value());
        expect(oci::charset::all(name, oci::charset::token_char) && !name.empty(), "a field's name is a token");
        expect(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos, "no value can split a head");
        read.push_back(lower(name));
    }
    for (auto const& field : plain.fields)
        written.push_back(field.first);
    std::ranges::sort(read);
    std::ranges::sort(written);
    expect(read == written, "the fields that stand there");
}

inline void check_target(proxy::request const& r, std::string_view first_line) {
    auto const target = r.target();
    expect(!target.empty() && !oci::charset::has_any(target, oci::charset::control), "a target can stand in a log");
    expect(target.find(' ') == target.npos, "and is one word");
    expect(target == "/" || first_line.find(target) != first_line.npos, "which stands there");
    expect(first_line.starts_with(std::string(r.method_name()) + " "), "behind the method");
}

inline void check_framing(std::string_view input) {
    proxy::request_body::parser parser;
    parser.header_limit(32 * 1024);
    parser.body_limit(boost::none);
    boost::system::error_code ec;
    auto const used = parser.put(boost::asio::buffer(input.data(), input.size()), ec);
    if (!parser.is_header_done())
        return;
    auto const text = input.substr(0, used);
    expect(text.ends_with("\r\n\r\n") && text.find("\r\n\r\n") == used - 4, "a head ends with the first empty line");
    auto const f = proxy::check_framing(parser.get());
    if (!f)
        return;
    auto const plain = read_head_plainly(text);
    check_gate(plain, *f);
    check_fields(parser.get(), plain);
    check_target(proxy::request(parser.get(), *f), plain.first_line);
}

} // namespace fuzz
