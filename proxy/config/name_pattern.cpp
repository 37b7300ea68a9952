#include "proxy/config/name_pattern.h"

#include <algorithm>
#include <bitset>

namespace proxy {
namespace {

bool is_deep(std::string_view pattern, std::size_t star) {
    return (star > 0 && pattern[star - 1] == '*') || (star + 1 < pattern.size() && pattern[star + 1] == '*');
}

// Which places of the pattern a beginning of the name leads to: a set that each character moves on, so that no pattern
// makes anything be tried twice.
class places {
public:
    explicit places(std::string_view pattern) : pattern_(pattern) { reach(now_, 0); }

    void step(char c) {
        set next;
        for (std::size_t i = 0; i < pattern_.size(); ++i) {
            if (!now_[i])
                continue;
            bool const star = pattern_[i] == '*';
            if (star && (c != '/' || is_deep(pattern_, i)))
                reach(next, i);
            else if (!star && pattern_[i] == c)
                reach(next, i + 1);
        }
        now_ = next;
    }

    bool at_end() const { return now_[pattern_.size()]; }

private:
    using set = std::bitset<name_pattern::max_size + 1>;

    // A star may stand for nothing: who is before one is behind it too.
    void reach(set& to, std::size_t i) const {
        to.set(i);
        while (i < pattern_.size() && pattern_[i] == '*')
            to.set(++i);
    }

    std::string_view pattern_;
    set now_;
};

} // namespace

boost::system::result<name_pattern, std::string> name_pattern::parse(std::string_view text) {
    if (text.empty())
        return std::string("is empty: \"**\" stands for all");
    if (text.size() > max_size)
        return std::string("is longer than 256 characters");
    bool const printable = std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c != 0x7f; });
    if (!printable)
        return std::string("holds a space or a control character");
    if (text.find("***") != text.npos)
        return std::string("holds \"***\": \"*\" and \"**\" are all there is");
    return name_pattern(std::string(text));
}

bool name_pattern::matches(std::string_view name) const noexcept {
    auto const literal = std::min(text_.find('*'), text_.size());
    auto const rest = std::string_view(text_).substr(literal);
    if (name.substr(0, literal) != std::string_view(text_).substr(0, literal))
        return false;
    name.remove_prefix(literal);
    if (rest.empty())
        return name.empty();
    if (rest == "**" || text_ == "*") // nearly all there are
        return true;
    places p(rest);
    for (char const c : name)
        p.step(c);
    return p.at_end();
}

} // namespace proxy
