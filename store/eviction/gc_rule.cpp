#include "store/eviction/gc_rule.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <optional>
#include <regex>

namespace store {

namespace {

enum class field : std::uint8_t { type, origin, repository, upstream, pinned };
enum class comparison : std::uint8_t { present, equal, different, matches };

constexpr std::array<std::pair<std::string_view, field>, 5> fields = {{{"type", field::type},
                                                                       {"origin", field::origin},
                                                                       {"repository", field::repository},
                                                                       {"upstream", field::upstream},
                                                                       {"pinned", field::pinned}}};

// Of BuildKit's own records. Nothing here is of these types, but a pasted policy that names them is no mistake.
constexpr std::array<std::string_view, 6> buildkit_types = {
    "internal", "frontend", "source.local", "exec.cachemount", "source.git.checkout", "regular"};

std::string_view upstream_of(std::string_view repository) {
    return repository.substr(0, repository.find('/'));
}

bool is_value_of(field f, std::string_view value) {
    switch (f) {
    case field::type:
        for (auto const k : {object_kind::unknown, object_kind::manifest, object_kind::config, object_kind::layer,
                             object_kind::cache_blob})
            if (value == to_string(k))
                return true;
        return std::find(buildkit_types.begin(), buildkit_types.end(), value) != buildkit_types.end();
    case field::origin:
        return value == to_string(object_origin::pull) || value == to_string(object_origin::push);
    case field::pinned:
        return value == "true" || value == "false";
    case field::repository:
    case field::upstream:
        return !value.empty();
    }
    return false;
}

} // namespace

struct gc_filter::term {
    store::field of;
    comparison how = comparison::present;
    std::string value;
    std::optional<std::regex> pattern;

    bool holds(std::string_view actual) const {
        switch (how) {
        case comparison::present:
            return !actual.empty() && actual != "false";
        case comparison::equal:
            return actual == value;
        case comparison::different:
            return actual != value;
        case comparison::matches:
            return std::regex_search(actual.begin(), actual.end(), *pattern);
        }
        return false;
    }

    bool holds(gc_facts const& facts) const {
        switch (of) {
        case field::type:
            return holds(to_string(facts.kind));
        case field::origin:
            return holds(to_string(facts.origin));
        case field::pinned:
            return holds(facts.pinned ? "true" : "false");
        case field::repository:
            return !facts.repositories.empty() && std::all_of(facts.repositories.begin(), facts.repositories.end(),
                                                              [this](std::string const& r) { return holds(r); });
        case field::upstream:
            return !facts.repositories.empty() &&
                   std::all_of(facts.repositories.begin(), facts.repositories.end(),
                               [this](std::string const& r) { return holds(upstream_of(r)); });
        }
        return false;
    }
};

namespace {

using parsed_term = boost::system::result<std::shared_ptr<gc_filter::term const>, std::string>;

// "value" or value
std::string_view unquoted(std::string_view v) {
    bool const quoted = v.size() >= 2 && (v.front() == '"' || v.front() == '\'') && v.back() == v.front();
    return quoted ? v.substr(1, v.size() - 2) : v;
}

parsed_term parse_term(std::string_view text) {
    auto const name = text.substr(0, text.find_first_of("=!~"));
    auto const known = std::find_if(fields.begin(), fields.end(), [&](auto const& f) { return f.first == name; });
    if (known == fields.end())
        return "has the field \"" + std::string(name) +
               "\", which is none of type, origin, repository, upstream, pinned";
    auto t = std::make_shared<gc_filter::term>();
    t->of = known->second;
    auto const rest = text.substr(name.size());
    if (rest.empty())
        return parsed_term(std::move(t));
    auto const sign = rest.substr(0, 2);
    if (sign == "==")
        t->how = comparison::equal;
    else if (sign == "!=")
        t->how = comparison::different;
    else if (sign == "~=")
        t->how = comparison::matches;
    else
        return "compares \"" + std::string(name) + "\" with something that is none of ==, != and ~=";
    t->value = unquoted(rest.substr(2));
    if (t->how != comparison::matches) {
        if (!is_value_of(t->of, t->value))
            return "compares " + std::string(name) + " with \"" + t->value + "\", which it can never be";
        return parsed_term(std::move(t));
    }
    try {
        t->pattern.emplace(t->value, std::regex::ECMAScript | std::regex::nosubs | std::regex::optimize);
    } catch (std::regex_error const&) {
        return "has \"" + t->value + "\", which is no regular expression";
    }
    return parsed_term(std::move(t));
}

// At commas that are not inside quotes.
std::vector<std::string_view> split_terms(std::string_view text) {
    std::vector<std::string_view> terms;
    std::size_t begin = 0;
    char quote = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i == text.size() || (text[i] == ',' && !quote)) {
            terms.push_back(text.substr(begin, i - begin));
            begin = i + 1;
        } else if (text[i] == quote) {
            quote = 0;
        } else if (!quote && (text[i] == '"' || text[i] == '\'')) {
            quote = text[i];
        }
    }
    return terms;
}

} // namespace

boost::system::result<gc_filter, std::string> gc_filter::parse(std::string_view text) {
    gc_filter f;
    for (auto const one : split_terms(text)) {
        auto parsed = parse_term(one);
        if (!parsed)
            return parsed.error();
        f.terms_.push_back(*std::move(parsed));
    }
    return f;
}

bool gc_filter::selects(gc_facts const& facts) const {
    return std::all_of(terms_.begin(), terms_.end(), [&](auto const& t) { return t->holds(facts); });
}

bool gc_filter::asks_for_repositories() const noexcept {
    return std::any_of(terms_.begin(), terms_.end(),
                       [](auto const& t) { return t->of == field::repository || t->of == field::upstream; });
}

bool gc_rule::selects(gc_facts const& facts) const {
    return filters.empty() ||
           std::any_of(filters.begin(), filters.end(), [&](gc_filter const& f) { return f.selects(facts); });
}

bool gc_rule::asks_for_repositories() const noexcept {
    return std::any_of(filters.begin(), filters.end(), std::mem_fn(&gc_filter::asks_for_repositories));
}

std::uint64_t gc_rule::keep_bytes(std::uint64_t used, std::uint64_t free) const noexcept {
    if (reserved_space == 0 && max_used_space == 0 && min_free_space == 0)
        return 0;
    bool const only_reserved = max_used_space == 0 && min_free_space == 0;
    if (only_reserved)
        return reserved_space;
    auto keep = max_used_space == 0 ? std::numeric_limits<std::uint64_t>::max() : max_used_space;
    if (min_free_space > free) {
        auto const excess = min_free_space - free;
        keep = std::min(keep, used > excess ? used - excess : 0);
    }
    return std::max(keep, reserved_space);
}

} // namespace store
