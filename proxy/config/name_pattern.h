// Names as people group them: "local/team-a/**", "refs/heads/*", "ci-*".
//
// "*" stands for any characters but "/", "**" for any at all, as in the filters of GitHub's workflows; a lone "*" is
// everything too, for nobody who writes it means less. All else stands for itself. Matching takes time in proportion to
// the product of both lengths at most: names come from outside.
#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace proxy {

class name_pattern {
public:
    static constexpr std::size_t max_size = 256;

    // What is wrong, in words that follow the text in a message, else.
    static boost::system::result<name_pattern, std::string> parse(std::string_view text);

    bool matches(std::string_view name) const noexcept;

    // Of users: an issuer's jobs are called by its name, a colon and their subject; no other user has a colon.
    bool means_jobs() const noexcept { return text_.find(':') != std::string::npos; }

    std::string const& text() const noexcept { return text_; }
    friend bool operator==(name_pattern const&, name_pattern const&) = default;

private:
    explicit name_pattern(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

} // namespace proxy
