// [stats] and [[stats.client_group]].
#include "proxy/config/sections.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {
namespace {

// A name that a terminal, a label and a URL take as it is.
bool is_plain_name(std::string_view name) {
    auto const legal = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    };
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), legal);
}

void read_group_name(table_reader& in, std::vector<client_group> const& before, client_group& g) {
    if (!in.text("name", g.name)) {
        if (!in.has("name"))
            in.problem(in.line_of("name"), "[[stats.client_group]] needs a name, such as name = \"ci\"");
        return;
    }
    auto const same = [&](client_group const& other) { return other.name == g.name; };
    if (!is_plain_name(g.name) || g.name == "other")
        in.problem(in.line_of("name"), fmt::format("\"{}\" cannot name a client group: it must be letters, digits, and "
                                                   ". _ - between them, at most 64, and not \"other\"",
                                                   g.name));
    else if (std::any_of(before.begin(), before.end(), same))
        in.problem(in.line_of("name"), fmt::format("\"{}\" already names a client group", g.name));
}

client_group read_group(toml::table const& table, std::vector<client_group> const& before, problem_list& problems) {
    table_reader in(table, "[[stats.client_group]]", problems);
    client_group g;
    read_group_name(in, before, g);
    auto const add_network = [&](std::string const& text, std::size_t line) {
        if (auto const n = network::parse(text))
            g.networks.push_back(*n);
        else
            in.problem(line, fmt::format("networks in [[stats.client_group]] holds \"{}\"; an entry is an address or a "
                                         "range without bits beyond its prefix, such as \"10.0.0.0/8\"",
                                         text));
    };
    in.strings("networks", R"(["10.0.0.0/8"])", add_network, table_reader::many);
    auto const add_user = [&](std::string const& user, std::size_t) { g.users.push_back(user); };
    in.strings("users", R"(["ci"])", add_user, table_reader::many);
    in.strings("user_agents", R"(["buildkit"])", [&](std::string const& agent, std::size_t line) {
        if (is_plain_name(agent))
            g.user_agents.push_back(agent);
        else
            in.problem(line, fmt::format("user_agents in [[stats.client_group]] holds \"{}\"; an entry is what stands "
                                         "before the version in a User-Agent, such as \"buildkit\"",
                                         agent));
    });
    if (!in.has("networks") && !in.has("users") && !in.has("user_agents"))
        in.problem(in.line_of("name"), "[[stats.client_group]] needs one of networks, users and user_agents");
    in.finish();
    return g;
}

} // namespace

void read_stats(table_reader& in, problem_list& problems, stats_config& to) {
    in.boolean("history", to.history);
    in.size("max_size", to.max_size, 1ull << 20, 16ull << 30);
    in.integer("names", to.names, 1, 10'000);
    in.text("currency", to.currency, 8);
    in.choice<client_sorting>("clients_by", to.clients_by,
                              {{"user_agent", client_sorting::user_agent},
                               {"address", client_sorting::address},
                               {"user", client_sorting::user}});
    constexpr std::size_t most = 64;
    for (auto const* table : in.tables("client_group")) {
        if (to.client_groups.size() == most) {
            in.problem(table->source().begin.line, fmt::format("more than {} sections [[stats.client_group]]", most));
            break;
        }
        to.client_groups.push_back(read_group(*table, to.client_groups, problems));
    }
    in.finish();
}

} // namespace proxy
