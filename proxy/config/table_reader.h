// One table of the file, read key by key into fields that already hold their defaults.
//
// A reader knows which keys it was asked for, so that finish() can name the rest as unknown, with the nearest known
// one beside. Each read that finds something else than it needs adds a problem with its line and leaves the field
// as it was: one run names every mistake.
#pragma once

#include "proxy/config/config.h"
#include "proxy/config/problems.h"

#include <toml++/toml.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy {

// The spellings of one key. The first is ours; at most one of them may stand in a table.
class key_names {
public:
    key_names(char const* name) : names_{name} {}
    key_names(std::initializer_list<std::string_view> names) : names_(names) {}

    std::vector<std::string_view> const& all() const noexcept { return names_; }

private:
    std::vector<std::string_view> names_;
};

class table_reader {
public:
    // `where` is for messages: "[server]". The table and the list must outlive the reader.
    table_reader(toml::table const& table, std::string where, problem_list& problems);

    // True if the key is there and right: `to` holds it then.
    bool boolean(key_names const& key, bool& to);
    bool text(key_names const& key, std::string& to, std::size_t max_size = 1024);
    bool path(key_names const& key, std::filesystem::path& to);
    bool integer(key_names const& key, std::uint64_t& to, std::uint64_t min, std::uint64_t max);
    bool number(key_names const& key, double& to, double min, double max);
    bool size(key_names const& key, std::uint64_t& to, std::uint64_t min, std::uint64_t max);
    bool size_or_percent(key_names const& key, size_setting& to);
    bool duration(key_names const& key, std::chrono::seconds& to, std::chrono::seconds min, std::chrono::seconds max);
    bool milliseconds(key_names const& key, std::chrono::milliseconds& to, std::chrono::milliseconds min,
                      std::chrono::milliseconds max);
    // BuildKit's: a bare number counts seconds.
    bool keep_duration(key_names const& key, std::chrono::seconds& to);

    template <class E>
    bool choice(key_names const& key, E& to, std::initializer_list<std::pair<std::string_view, E>> values);

    // Of strings in one list: what a person writes, and where a list may come from a directory of people or machines.
    static constexpr std::size_t some = 64, many = 1024;
    // A list of strings; `each` gets every one of them and the line it stands in.
    bool strings(key_names const& key, std::string_view example,
                 std::function<void(std::string const&, std::size_t line)> const& each, std::size_t most = some);

    // Sub-tables: [key], and [[key]] (`given` tells whether the key stands there at all).
    toml::table const* table(char const* key);
    std::vector<toml::table const*> tables(char const* key, bool* given = nullptr);

    // Names a key as known without reading it.
    void known(std::string_view key);
    // The key is a mistake of its own: says why, if it is there.
    void refuse(std::string_view key, std::string_view why);

    bool has(key_names const& key) const { return find(key) != nullptr; }
    std::size_t line_of(key_names const& key) const; // of its value; of the table's head if it is absent
    std::string const& where() const noexcept { return where_; }
    void problem(std::size_t line, std::string message) { problems_.add(line, std::move(message)); }

    // Reports every key that nobody asked for.
    void finish();

private:
    toml::node const* find(key_names const& key) const;
    toml::node const* take(key_names const& key); // the same, for good: the key is known, and doubles are reported
    bool wrong(toml::node const& node, std::string_view must_be);
    std::string name_of(toml::node const& node) const;
    bool milliseconds_of(toml::node const& node, std::chrono::milliseconds& to, std::string_view bounds);

    toml::table const& table_;
    std::string where_;
    problem_list& problems_;
    std::vector<std::string> known_;
};

template <class E>
bool table_reader::choice(key_names const& key, E& to, std::initializer_list<std::pair<std::string_view, E>> values) {
    auto const* node = take(key);
    if (node == nullptr)
        return false;
    auto const given = node->value_exact<std::string>();
    std::string all;
    for (auto const& [name, value] : values) {
        if (given && *given == name) {
            to = value;
            return true;
        }
        all += std::string(all.empty() ? "" : ", ") + '"' + std::string(name) + '"';
    }
    return wrong(*node, "must be one of " + all);
}

} // namespace proxy
