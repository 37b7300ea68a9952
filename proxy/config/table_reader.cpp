#include "proxy/config/table_reader.h"

#include "proxy/config/near_name.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {
namespace {

// Text of the file as it may be quoted in a message: cut where it is long, and nothing that moves a cursor.
std::string in_quotes(std::string_view text) {
    constexpr std::size_t most = 60;
    std::string out = "\"";
    for (char c : text.substr(0, most))
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return out + (text.size() > most ? "...\"" : "\"");
}

std::string shown(toml::node const& node) {
    if (auto const* s = node.as_string())
        return in_quotes(s->get());
    if (auto const* i = node.as_integer())
        return std::to_string(i->get());
    if (auto const* f = node.as_floating_point())
        return fmt::format("{}", f->get());
    if (auto const* b = node.as_boolean())
        return b->get() ? "true" : "false";
    if (node.is_array())
        return "a list";
    if (node.is_table())
        return "a table";
    return "a date";
}

std::size_t line_of_node(toml::node const& node) {
    return node.source().begin.line;
}

std::string bounds_of(std::chrono::milliseconds min, std::chrono::milliseconds max) {
    return fmt::format("from {} to {}", to_string(min), to_string(max));
}

} // namespace

table_reader::table_reader(toml::table const& table, std::string where, problem_list& problems)
    : table_(table), where_(std::move(where)), problems_(problems) {}

void table_reader::known(std::string_view key) {
    known_.emplace_back(key);
}

toml::node const* table_reader::take(key_names const& key) {
    toml::node const* found = nullptr;
    std::string_view found_as;
    problems_.note_key(where_, key.all().front());
    for (auto name : key.all()) {
        known(name);
        auto const* node = table_.get(name);
        if (node == nullptr)
            continue;
        if (found != nullptr) {
            problem(line_of_node(*node),
                    fmt::format("{} in {} says the same as {}: one of them must go", name, where_, found_as));
            continue;
        }
        found = node;
        found_as = name;
    }
    return found;
}

bool table_reader::wrong(toml::node const& node, std::string_view must_be) {
    problem(line_of_node(node), fmt::format("{} {}, not {}", name_of(node), must_be, shown(node)));
    return false;
}

std::string table_reader::name_of(toml::node const& node) const {
    for (auto const& [key, value] : table_)
        if (&value == &node)
            return where_.empty() ? std::string(key.str()) : fmt::format("{} in {}", key.str(), where_);
    return where_;
}

bool table_reader::boolean(key_names const& key, bool& to) {
    auto const* node = take(key);
    if (node == nullptr)
        return false;
    auto const value = node->value_exact<bool>();
    if (!value)
        return wrong(*node, "must be true or false, without quotes");
    to = *value;
    return true;
}

bool table_reader::text(key_names const& key, std::string& to, std::size_t max_size) {
    auto const* node = take(key);
    if (node == nullptr)
        return false;
    auto const value = node->value_exact<std::string>();
    if (!value)
        return wrong(*node, "must be a string in quotes");
    if (value->size() > max_size)
        return wrong(*node, fmt::format("must be at most {} bytes long", max_size));
    if (std::any_of(value->begin(), value->end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
        return wrong(*node, "must not hold control characters");
    to = *value;
    return true;
}

bool table_reader::path(key_names const& key, std::filesystem::path& to) {
    std::string value;
    if (!text(key, value, 4096))
        return false;
    to = value;
    return true;
}

bool table_reader::integer(key_names const& key, std::uint64_t& to, std::uint64_t min, std::uint64_t max) {
    auto const* node = take(key);
    if (node == nullptr)
        return false;
    auto const value = node->value_exact<std::int64_t>();
    if (!value || *value < 0 || static_cast<std::uint64_t>(*value) < min || static_cast<std::uint64_t>(*value) > max)
        return wrong(*node, fmt::format("must be a whole number from {} to {}", min, max));
    to = static_cast<std::uint64_t>(*value);
    return true;
}

bool table_reader::number(key_names const& key, double& to, double min, double max) {
    auto const* node = take(key);
    if (node == nullptr)
        return false;
    std::optional<double> value;
    if (auto const* f = node->as_floating_point())
        value = f->get();
    else if (auto const* i = node->as_integer())
        value = static_cast<double>(i->get());
    if (!value || !(*value >= min && *value <= max)) // no NaN either
        return wrong(*node, fmt::format("must be a number from {} to {}", min, max));
    to = *value;
    return true;
}

bool table_reader::size(key_names const& key, std::uint64_t& to, std::uint64_t min, std::uint64_t max) {
    auto const* node = take(key);
    if (node == nullptr)
        return false;
    auto const bounds =
        fmt::format("from {} to {}", to_string(size_setting{min, {}}), to_string(size_setting{max, {}}));
    std::optional<std::uint64_t> value;
    if (auto const* number = node->as_integer(); number != nullptr && number->get() >= 0)
        value = static_cast<std::uint64_t>(number->get());
    else if (auto const* s = node->as_string())
        value = parse_size(s->get());
    if (!value)
        return wrong(*node, fmt::format("must be a size {}, such as \"64KiB\"", bounds));
    if (*value < min || *value > max)
        return wrong(*node, fmt::format("must be {}", bounds));
    to = *value;
    return true;
}

bool table_reader::size_or_percent(key_names const& key, size_setting& to) {
    auto const* node = take(key);
    if (node == nullptr)
        return false;
    std::optional<size_setting> value;
    if (auto const* number = node->as_integer(); number != nullptr && number->get() >= 0)
        value = size_setting{static_cast<std::uint64_t>(number->get()), {}};
    else if (auto const* s = node->as_string())
        value = parse_size_setting(s->get());
    if (!value)
        return wrong(*node, "must be a size such as \"20GB\" or a share of the disk such as \"10%\"");
    to = *value;
    return true;
}

bool table_reader::milliseconds_of(toml::node const& node, std::chrono::milliseconds& to, std::string_view bounds) {
    auto const* s = node.as_string();
    auto const value = s != nullptr ? parse_milliseconds(s->get()) : std::nullopt;
    if (!value)
        return wrong(node, fmt::format("must be a duration {}, such as \"90s\", \"5m\", \"48h\" or \"7d\"", bounds));
    to = *value;
    return true;
}

bool table_reader::milliseconds(key_names const& key, std::chrono::milliseconds& to, std::chrono::milliseconds min,
                                std::chrono::milliseconds max) {
    auto const* node = take(key);
    std::chrono::milliseconds value{};
    if (node == nullptr || !milliseconds_of(*node, value, bounds_of(min, max)))
        return false;
    if (value < min || value > max)
        return wrong(*node, "must be " + bounds_of(min, max));
    to = value;
    return true;
}

bool table_reader::duration(key_names const& key, std::chrono::seconds& to, std::chrono::seconds min,
                            std::chrono::seconds max) {
    std::chrono::milliseconds value{};
    if (!milliseconds(key, value, min, max))
        return false;
    if (value.count() % 1000 != 0)
        return wrong(*find(key), "must be whole seconds");
    to = std::chrono::duration_cast<std::chrono::seconds>(value);
    return true;
}

bool table_reader::keep_duration(key_names const& key, std::chrono::seconds& to) {
    constexpr std::chrono::seconds most{100ll * 365 * 24 * 3600};
    auto const* node = take(key);
    if (node == nullptr)
        return false;
    auto const* number = node->as_integer();
    if (number == nullptr)
        return duration(key, to, std::chrono::seconds(0), most);
    if (number->get() < 0 || number->get() > most.count())
        return wrong(*node, "as a bare number counts seconds, and must be from 0 to " + std::to_string(most.count()));
    to = std::chrono::seconds(number->get());
    return true;
}

bool table_reader::strings(key_names const& key, std::string_view example,
                           std::function<void(std::string const&, std::size_t)> const& each, std::size_t most) {
    auto const* node = take(key);
    if (node == nullptr)
        return false;
    auto const* list = node->as_array();
    auto const must_be = fmt::format("must be a list of strings, such as {}", example);
    if (list == nullptr)
        return wrong(*node, must_be);
    if (list->size() > most) {
        problem(line_of_node(*node),
                fmt::format("{} must hold at most {} strings, not {}", name_of(*node), most, list->size()));
        return false;
    }
    for (auto const& element : *list) {
        auto const* s = element.as_string();
        if (s == nullptr)
            problem(line_of_node(element), fmt::format("{} {}; {} is none", name_of(*node), must_be, shown(element)));
        else
            each(s->get(), line_of_node(element));
    }
    return true;
}

toml::table const* table_reader::table(char const* key) {
    auto const* node = take(key);
    if (node == nullptr)
        return nullptr;
    if (auto const* t = node->as_table())
        return t;
    problem(line_of_node(*node), node->is_array_of_tables()
                                     ? fmt::format("{} must stand there once, as [{}], not [[{}]]", key, key, key)
                                     : fmt::format("{} must be a section [{}], not {}", key, key, shown(*node)));
    return nullptr;
}

std::vector<toml::table const*> table_reader::tables(char const* key, bool* given) {
    std::vector<toml::table const*> found;
    auto const* node = take(key);
    if (given != nullptr)
        *given = node != nullptr;
    if (node == nullptr)
        return found;
    auto const* list = node->as_array();
    auto const depth = where_.find_first_not_of('['); // "[gc]" or "[[upstream]]"
    auto const name =
        where_.empty() ? std::string(key) : fmt::format("{}.{}", where_.substr(depth, where_.size() - 2 * depth), key);
    if (list == nullptr || (!list->empty() && !list->is_array_of_tables())) {
        problem(line_of_node(*node), fmt::format("{} is a list of sections: write each as [[{}]]", name, name));
        return found;
    }
    for (auto const& element : *list)
        found.push_back(element.as_table());
    return found;
}

void table_reader::refuse(std::string_view key, std::string_view why) {
    known(key);
    if (auto const* node = table_.get(key))
        problem(line_of_node(*node), fmt::format("{} {}", name_of(*node), why));
}

toml::node const* table_reader::find(key_names const& key) const {
    for (auto name : key.all())
        if (auto const* node = table_.get(name))
            return node;
    return nullptr;
}

std::size_t table_reader::line_of(key_names const& key) const {
    auto const* node = find(key);
    return node != nullptr ? line_of_node(*node) : line_of_node(table_);
}

void table_reader::finish() {
    for (auto const& [key, value] : table_) {
        if (std::find(known_.begin(), known_.end(), key.str()) != known_.end())
            continue;
        auto const near = near_name(key.str(), known_);
        problem(key.source().begin.line,
                fmt::format("unknown {} {}{}{}", value.is_table() || value.is_array_of_tables() ? "section" : "key",
                            in_quotes(key.str()), where_.empty() ? "" : " in " + where_,
                            near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
    }
}

} // namespace proxy
