// Range fields: read all of the syntax first, then decide. A field that cannot be understood asks for nothing
// (RFC 9110 §14.2), so only a field that is understood can fail.
#include "oci/byte_range.h"

#include "oci/charset.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace oci {

namespace {

constexpr std::uint64_t max_position = std::numeric_limits<std::uint64_t>::max();

// 1*DIGIT; what does not fit is as far away as can be, which is what it means for any real body.
std::optional<std::uint64_t> parse_position(std::string_view text) noexcept {
    if (text.empty() || !charset::all(text, charset::digit))
        return std::nullopt;
    std::uint64_t value = 0;
    for (char c : text) {
        auto const d = static_cast<std::uint64_t>(c - '0');
        if (value > (max_position - d) / 10)
            return max_position;
        value = value * 10 + d;
    }
    return value;
}

// Takes "bytes" and `separator` from the front; units are case-insensitive (RFC 9110 §14.1).
bool take_unit(std::string_view& field, char separator) noexcept {
    constexpr std::string_view unit = "bytes";
    if (field.size() <= unit.size() || field[unit.size()] != separator)
        return false;
    for (std::size_t i = 0; i < unit.size(); ++i)
        if (charset::to_lower(field[i]) != unit[i])
            return false;
    field.remove_prefix(unit.size() + 1);
    return true;
}

// One range as written; `first` is absent in "-5", `last` in "5-".
struct range_spec {
    std::optional<std::uint64_t> first;
    std::optional<std::uint64_t> last;

    bool reversed() const noexcept { return first && last && *last < *first; }
};

std::optional<range_spec> parse_spec(std::string_view text) noexcept {
    std::size_t const dash = text.find('-');
    if (dash == std::string_view::npos)
        return std::nullopt;
    std::string_view const before = text.substr(0, dash);
    std::string_view const after = text.substr(dash + 1);
    range_spec const spec{parse_position(before), parse_position(after)};
    bool const understood = (spec.first || before.empty()) && (spec.last || after.empty());
    if (!understood || (!spec.first && !spec.last))
        return std::nullopt;
    return spec;
}

// The specs of a list, empty if the field is to be ignored. Empty list elements are allowed (RFC 9110 §5.6.1).
std::vector<range_spec> parse_specs(std::string_view list) {
    std::vector<range_spec> specs;
    while (!list.empty()) {
        std::size_t const comma = std::min(list.find(','), list.size());
        std::string_view const element = charset::trim(list.substr(0, comma));
        list.remove_prefix(std::min(comma + 1, list.size()));
        if (element.empty())
            continue;
        auto const spec = parse_spec(element);
        if (!spec || specs.size() == max_ranges)
            return {};
        specs.push_back(*spec);
    }
    return specs;
}

// The bytes that a spec means in a body that is not empty; nothing if it lies outside.
std::optional<byte_range> resolve(range_spec const& spec, std::uint64_t size) noexcept {
    if (!spec.first) {
        if (*spec.last == 0)
            return std::nullopt;
        return byte_range{size - std::min(*spec.last, size), size - 1};
    }
    if (*spec.first >= size)
        return std::nullopt;
    return byte_range{*spec.first, std::min(spec.last.value_or(max_position), size - 1)};
}

bool overlap(std::vector<byte_range> ranges) {
    std::ranges::sort(ranges, {}, &byte_range::first);
    for (std::size_t i = 1; i < ranges.size(); ++i)
        if (ranges[i].first <= ranges[i - 1].last)
            return true;
    return false;
}

error unsatisfiable(std::string_view field, std::uint64_t size) {
    return {errc::range_invalid, "range " + charset::quoted(field) + " of " + std::to_string(size) + " bytes"};
}

} // namespace

result<std::vector<byte_range>> resolve_range(std::string_view field, std::uint64_t size) {
    std::vector<byte_range> ranges;
    std::string_view list = charset::trim(field);
    if (!take_unit(list, '='))
        return ranges;
    auto const specs = parse_specs(list);
    if (specs.empty())
        return ranges;
    if (std::ranges::any_of(specs, &range_spec::reversed))
        return unsatisfiable(field, size);

    if (size == 0) {
        // All of nothing is what a suffix range asks for, and no Content-Range can say so.
        bool const suffix = std::ranges::any_of(specs, [](range_spec const& s) { return !s.first && *s.last != 0; });
        if (suffix)
            return ranges;
        return unsatisfiable(field, size);
    }
    ranges.reserve(specs.size());
    for (auto const& spec : specs)
        if (auto const r = resolve(spec, size))
            ranges.push_back(*r);
    if (ranges.empty())
        return unsatisfiable(field, size);
    if (ranges.size() > 1 && overlap(ranges))
        ranges.clear();
    return ranges;
}

std::string content_range(byte_range const& r, std::uint64_t size) {
    return "bytes " + std::to_string(r.first) + "-" + std::to_string(r.last) + "/" + std::to_string(size);
}

result<received_range> parse_content_range(std::string_view field) {
    auto const malformed = [field] {
        return error{errc::range_invalid, "not a Content-Range: " + charset::quoted(field)};
    };
    std::string_view text = charset::trim(field);
    if (!take_unit(text, ' '))
        return malformed();
    std::size_t const dash = text.find('-');
    std::size_t const slash = text.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash)
        return malformed();
    auto const first = parse_position(text.substr(0, dash));
    auto const last = parse_position(text.substr(dash + 1, slash - dash - 1));
    // The last position of all could not be told from one that did not fit, and its length would not fit either.
    if (!first || !last || *first > *last || *last == max_position)
        return malformed();
    std::string_view const total_text = text.substr(slash + 1);
    if (total_text == "*")
        return received_range{{*first, *last}, 0};
    auto const total = parse_position(total_text);
    if (!total || *total == max_position || *last >= *total)
        return malformed();
    return received_range{{*first, *last}, *total};
}

} // namespace oci
