#include "tests/fuzz/server/byte_judge.h"

#include "tests/fuzz/server/violation.h"

#include <algorithm>
#include <charconv>

namespace fuzz {

namespace {

struct content_range {
    std::size_t first = 0, last = 0, size = 0;

    static content_range parse(std::string const& text) {
        content_range r;
        auto const read = [&](std::size_t from, std::size_t& to) {
            std::from_chars(text.data() + std::min(from, text.size()), text.data() + text.size(), to);
        };
        auto const dash = text.find('-'), slash = text.find('/');
        must(text.starts_with("bytes ") && dash != text.npos && slash != text.npos, "Content-Range: " + text);
        read(6, r.first);
        read(dash + 1, r.last);
        read(slash + 1, r.size);
        return r;
    }
};

std::string slice(std::string const& bytes, std::size_t first, std::size_t last) {
    return first < bytes.size() ? bytes.substr(first, last - first + 1) : std::string();
}

void judge_one_part(tests::http_answer const& a, item const& of, wanted_part const& wanted) {
    auto const range = content_range::parse(a.header("Content-Range"));
    must(range.size == of.bytes().size(), "a part of " + std::to_string(range.size) + " bytes in all");
    must(a.body == slice(of.bytes(), range.first, range.last), "a wrong part of " + of.digest());
    bool const asked = wanted.parts.size() == 1 && wanted.parts[0] == std::pair(range.first, range.last);
    must(asked || !wanted.is_clear, "another part than " + wanted.field + ": " + a.header("Content-Range"));
}

void judge_parts(tests::http_answer const& a, item const& of, wanted_part const& wanted) {
    auto const type = a.header("Content-Type");
    auto const at = type.find("boundary=");
    must(at != type.npos, "parts without a boundary: " + type);
    auto const boundary = "--" + type.substr(at + 9);
    std::size_t parts = 0;
    for (auto begin = a.body.find(boundary); begin != a.body.npos; ++parts) {
        auto const head_end = a.body.find("\r\n\r\n", begin);
        auto const field = a.body.find("Content-Range: ", begin);
        if (head_end == a.body.npos || field == a.body.npos)
            break;
        auto const range = content_range::parse(a.body.substr(field + 15, a.body.find("\r\n", field) - field - 15));
        auto const length = range.last - range.first + 1;
        must(range.size == of.bytes().size() && range.first <= range.last, "a part of something else");
        must(a.body.substr(head_end + 4, length) == slice(of.bytes(), range.first, range.last),
             "a wrong part among several of " + of.digest());
        begin = a.body.find(boundary, head_end + 4 + length);
    }
    must(parts > 1 && parts <= wanted.parts.size(), "so many parts of " + wanted.field + ": " + std::to_string(parts));
}

bool is_of_parts(tests::http_answer const& a) {
    return a.header("Content-Type").starts_with("multipart/byteranges");
}

} // namespace

wanted_part wanted_part::choose(choices& c, std::size_t size) {
    wanted_part w;
    auto const add = [&](std::size_t first, std::size_t last) {
        if (first < size)
            w.parts.emplace_back(first, std::min(last, size - 1));
    };
    auto const first = c.up_to(size + 1), more = c.up_to(size);
    auto const text = [](std::size_t n) { return std::to_string(n); };
    switch (c.below(8)) {
    case 0:
    case 1:
        w.field = "bytes=" + text(first) + "-" + text(first + more);
        add(first, first + more);
        break;
    case 2:
        w.field = "bytes=" + text(first) + "-";
        add(first, size);
        break;
    case 3:
        w.field = "bytes=-" + text(more + 1);
        add(size - std::min(size, more + 1), size);
        break;
    case 4:
    case 5: {
        w.field = "bytes=";
        w.is_clear = false;
        for (unsigned i = 0, n = 2 + c.below(6); i < n; ++i) {
            auto const at = c.up_to(size), end = at + c.up_to(size / 8);
            w.field += (i > 0 ? "," : "") + text(at) + "-" + text(end);
            add(at, end);
        }
        break;
    }
    case 6:
        w.field = "bytes=0-0,-1";
        w.is_clear = false;
        add(0, 0);
        add(size - 1, size);
        break;
    default:
        w.field = "bytes=" + c.bytes(3) + "-1";
        std::erase_if(w.field, [](char x) { return x < ' ' || x > '~'; });
        w.is_clear = false;
    }
    return w;
}

void judge_bytes(tests::http_answer const& a, std::string const& method, item const& of, wanted_part const& wanted,
                 bool lied) {
    auto const stored = a.header("Cache-Status").starts_with("layerd; hit");
    bool const unproven = lied && !stored; // no digest covers a part before the whole is here
    if (a.status == 416) {
        must(unproven || !wanted.is_clear || (wanted.parts.empty() && !wanted.field.empty()), "416 to " + wanted.field);
        return;
    }
    must(a.status != 206 || !wanted.field.empty(), "a part that nobody asked for");
    if (a.status == 200 && method == "HEAD") {
        auto const said = a.header("Content-Length");
        must(unproven || said == std::to_string(of.bytes().size()), "a length of " + said + " for " + of.digest());
    }
    if (method == "HEAD" || !a.complete)
        return;
    if (a.status == 200)
        must(a.body == of.bytes(), "wrong bytes under 200 as " + of.digest());
    else if (unproven)
        return;
    else if (is_of_parts(a))
        judge_parts(a, of, wanted);
    else
        judge_one_part(a, of, wanted);
    bool const whole_for_part = a.status == 200 && wanted.is_clear && !wanted.parts.empty();
    must(!whole_for_part, "the whole for " + wanted.field);
}

} // namespace fuzz
