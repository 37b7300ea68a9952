// Which tags a rule of the configuration is about: a regular expression that is searched for in the tag.
//
// People write the patterns, clients the tags: "^(a+)+$" asked about a few dozen a's would keep a matcher that tries
// everything busy for years. So a pattern is short, a tag has at most 128 characters, and Boost.Regex counts its steps
// and gives up (a few milliseconds for what is allowed here; its stack is on the heap). What gives up on one of a few
// hard tags is refused when the file is read.
#pragma once

#include <boost/system/result.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace proxy {

// Cheap to copy; any thread may match.
class tag_pattern {
public:
    static constexpr std::size_t max_size = 128;

    // ECMAScript's syntax. What is wrong, in words that follow the text in a message, else.
    static boost::system::result<tag_pattern, std::string> parse(std::string_view text);

    // False also where it would take too long to tell.
    bool matches(std::string_view tag) const noexcept;

    std::string const& text() const noexcept { return text_; }
    friend bool operator==(tag_pattern const& a, tag_pattern const& b) noexcept { return a.text_ == b.text_; }

private:
    struct compiled;
    tag_pattern(std::string text, std::shared_ptr<compiled const> c) : text_(std::move(text)), regex_(std::move(c)) {}

    std::string text_;
    std::shared_ptr<compiled const> regex_;
};

} // namespace proxy
