// A WWW-Authenticate field is a list of challenges whose parameters are lists themselves, both separated by
// commas: only what follows a word tells whether it is a parameter ("realm=") or the next scheme. The parser
// is a cursor over the field that always moves forward, and whatever it cannot read it skips to a comma.
#include "oci/challenge.h"

#include "oci/charset.h"

#include <optional>

namespace oci {

namespace {

constexpr std::size_t max_field_size = std::size_t{8} * 1024;
constexpr std::size_t max_challenges = 16;

class cursor {
public:
    explicit cursor(std::string_view text) : rest_(text) {}

    bool at_end() const noexcept { return rest_.empty(); }
    bool at(char c) const noexcept { return !rest_.empty() && rest_.front() == c; }

    void skip_blanks() noexcept {
        while (at(' ') || at('\t'))
            rest_.remove_prefix(1);
    }

    bool take(char c) noexcept {
        if (!at(c))
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::string_view take_token() noexcept {
        std::size_t size = 0;
        while (size < rest_.size() && charset::is(rest_[size], charset::token_char))
            ++size;
        std::string_view const token = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return token;
    }

    // The text of a quoted-string whose opening quote is next. Nothing if it never closes (then all is read) or
    // holds control bytes, which could split a header wherever the value goes next.
    std::optional<std::string> take_quoted() {
        std::string value;
        bool clean = true;
        rest_.remove_prefix(1);
        while (!rest_.empty()) {
            char c = take_any();
            if (c == '"')
                return clean ? std::optional(std::move(value)) : std::nullopt;
            if (c == '\\' && !rest_.empty())
                c = take_any();
            clean = clean && !charset::is(c, charset::control);
            value += c;
        }
        return std::nullopt;
    }

    // Registries have been seen to leave the quotes out, around text that is no token ("realm=https://…"). An
    // equals sign in front is the padding of a token68.
    std::optional<std::string> take_unquoted() {
        std::size_t size = 0;
        while (size < rest_.size() && rest_[size] > ' ' && rest_[size] < 0x7f && rest_[size] != ',' &&
               rest_[size] != '"')
            ++size;
        std::string value(rest_.substr(0, size));
        rest_.remove_prefix(size);
        if (value.empty() || value.front() == '=')
            return std::nullopt;
        return value;
    }

    // To the next comma that does not stand inside quotes.
    void skip_element() noexcept {
        bool inside = false;
        while (!rest_.empty() && (inside || rest_.front() != ',')) {
            char const c = take_any();
            if (c == '"')
                inside = !inside;
            else if (inside && c == '\\' && !rest_.empty())
                rest_.remove_prefix(1);
        }
    }

private:
    char take_any() noexcept {
        char const c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    std::string_view rest_;
};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = charset::to_lower(c);
    return out;
}

// The rest of `key = value`, read up to its comma. Of two values for one key the first counts.
void read_param(cursor& in, challenge& c, std::string_view key) {
    in.skip_blanks();
    auto value = in.at('"') ? in.take_quoted() : in.take_unquoted();
    in.skip_blanks();
    if (value && (in.at_end() || in.at(',')))
        c.params.try_emplace(lower(key), std::move(*value));
    in.skip_element();
}

} // namespace

std::string_view challenge::param(std::string_view key) const noexcept {
    auto const it = params.find(key);
    return it == params.end() ? std::string_view() : std::string_view(it->second);
}

std::vector<challenge> parse_challenges(std::string_view field) {
    std::vector<challenge> challenges;
    cursor in(field.substr(0, max_field_size));
    for (;;) {
        in.skip_blanks();
        while (in.take(','))
            in.skip_blanks();
        if (in.at_end())
            return challenges;
        std::string_view const word = in.take_token();
        bool const blank = in.at(' ') || in.at('\t');
        in.skip_blanks();
        if (in.take('=')) {
            if (challenges.empty() || word.empty())
                in.skip_element();
            else
                read_param(in, challenges.back(), word);
            continue;
        }
        // A scheme: what follows it after a blank is its first parameter, or a token68, which no registry uses.
        if (word.empty() || !(blank || in.at_end() || in.at(','))) {
            in.skip_element();
            continue;
        }
        if (challenges.size() == max_challenges)
            return challenges;
        challenges.push_back({lower(word), {}});
        if (!blank || in.at_end() || in.at(','))
            continue;
        std::string_view const key = in.take_token();
        in.skip_blanks();
        if (!key.empty() && in.take('='))
            read_param(in, challenges.back(), key);
        else
            in.skip_element();
    }
}

} // namespace oci
