#include "proxy/config/tag_pattern.h"

#include <boost/regex.hpp>

#include <exception>

namespace proxy {

struct tag_pattern::compiled {
    boost::regex regex;

    // Throws if that takes too many steps.
    bool found_in(std::string_view tag) const { return boost::regex_search(tag.begin(), tag.end(), regex); }
};

namespace {

// As long as a tag can be, and nearly what repetitions of letters, of digits, of both and of dotted numbers look for.
std::string hard_tag(std::string_view piece) {
    std::string tag;
    while (tag.size() + piece.size() < 128)
        tag += piece;
    return tag + '-';
}

} // namespace

boost::system::result<tag_pattern, std::string> tag_pattern::parse(std::string_view text) {
    if (text.empty() || text.size() > max_size)
        return "must be from 1 to " + std::to_string(max_size) + " bytes long";
    auto made = std::make_shared<compiled>();
    try {
        made->regex.assign(text.begin(), text.end(), boost::regex::ECMAScript | boost::regex::nosubs);
    } catch (std::exception const&) {
        return std::string("is no regular expression");
    }
    try {
        for (std::string_view piece : {"a", "1", "a1", "1.", "."})
            made->found_in(hard_tag(piece));
    } catch (std::exception const&) {
        return std::string("takes too long to match: a repetition holds another one, as in \"(a+)+\"");
    }
    return tag_pattern(std::string(text), std::move(made));
}

bool tag_pattern::matches(std::string_view tag) const noexcept {
    try {
        return regex_->found_in(tag);
    } catch (std::exception const&) {
        return false;
    }
}

} // namespace proxy
