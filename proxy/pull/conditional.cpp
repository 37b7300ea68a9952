#include "proxy/pull/conditional.h"

namespace proxy {

namespace {

std::string_view trim(std::string_view text) noexcept {
    auto const first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_quoted(std::string_view tag, std::string_view digest) noexcept {
    return tag.size() == digest.size() + 2 && tag.front() == '"' && tag.back() == '"' &&
           tag.substr(1, digest.size()) == digest;
}

} // namespace

bool matches_etag(std::string_view field, std::string_view digest) noexcept {
    while (!field.empty()) {
        auto const comma = field.find(',');
        auto tag = trim(field.substr(0, comma));
        if (tag == "*")
            return true;
        if (tag.starts_with("W/"))
            tag.remove_prefix(2);
        if (is_quoted(tag, digest))
            return true;
        if (comma == std::string_view::npos)
            return false;
        field.remove_prefix(comma + 1);
    }
    return false;
}

bool range_allowed(std::string_view if_range, std::string_view digest) noexcept {
    return if_range.empty() || is_quoted(trim(if_range), digest);
}

} // namespace proxy
