// From the file's text to a checked configuration: toml++ parses, the sections read, and all problems come back
// together.
#include "proxy/config/config.h"

#include "proxy/config/rule_check.h"
#include "proxy/config/sections.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace proxy {
namespace {

constexpr std::size_t max_file_size = 1 << 20;

// Reads [key] with `read`; an absent section is read as an empty one, so that cross-checks run on defaults too.
template <class Read>
void section(table_reader& root, char const* key, problem_list& problems, Read read) {
    static toml::table const empty;
    auto const* table = root.table(key);
    table_reader in(table != nullptr ? *table : empty, fmt::format("[{}]", key), problems);
    read(in);
}

// Keys above the first section and names of buildkitd.toml are the commonest slips: say where they go.
void explain_stray_keys(table_reader& root) {
    for (auto const& [key, section] :
         std::initializer_list<std::pair<char const*, char const*>>{{"listen", "[server]"},
                                                                    {"admin_listen", "[server]"},
                                                                    {"threads", "[server]"},
                                                                    {"path", "[store]"},
                                                                    {"keep_storage", "[gc]"},
                                                                    {"endpoints", "[[upstream]]"},
                                                                    {"prefixes", "[hosted]"},
                                                                    {"level", "[log]"}})
        if (root.has(key))
            root.refuse(key, fmt::format("belongs into {}", section));
    root.refuse("gcpolicy", "is BuildKit's place for policies: write each as [[gc.policy]]");
    root.refuse("worker",
                "is a section of buildkitd.toml: its gc settings go into [gc], its policies into [[gc.policy]]");
    root.refuse("upstreams", "is not known: write each upstream as [[upstream]]");
}

config read_root(toml::table const& table, problem_list& problems) {
    auto c = default_config();
    table_reader root(table, "", problems);
    section(root, "server", problems, [&](table_reader& in) { read_server(in, problems, c.server); });
    section(root, "access", problems, [&](table_reader& in) { read_access(in, problems, c.access); });
    if (auto const why = unguarded_admin(c.server.admin_listen, c.access); !why.empty()) {
        auto const* at = table.at_path("server.admin_listen").node();
        problems.add(at != nullptr ? at->source().begin.line : 0, why);
    }
    section(root, "store", problems, [&](table_reader& in) { read_store(in, c.store); });
    section(root, "gc", problems, [&](table_reader& in) { read_gc(in, problems, c.gc); });
    section(root, "stats", problems, [&](table_reader& in) { read_stats(in, problems, c.stats); });
    c.alerts = read_alerts(root.tables("alert"), c.stats.history, problems);
    section(root, "webhook", problems, [&](table_reader& in) { read_webhook(in, c.webhook); });
    section(root, "log", problems, [&](table_reader& in) { read_log(in, c.log); });
    bool given = false;
    auto const upstreams = root.tables("upstream", &given);
    if (given)
        c.upstreams = read_upstreams(upstreams, problems);
    section(root, "hosted", problems, [&](table_reader& in) { read_hosted(in, c.upstreams, c.hosted); });
    check_rules(table, c, problems);
    c.triggers = read_triggers(root.tables("trigger"), c.upstreams, c.hosted, problems);
    explain_stray_keys(root);
    root.finish();
    return c;
}

std::vector<config_problem> one_problem(std::size_t line, std::string message) {
    return {{line, std::move(message)}};
}

} // namespace

boost::system::result<config, std::vector<config_problem>> parse_config(std::string_view text,
                                                                        std::string const& name) {
    if (text.size() > max_file_size)
        return one_problem(0, "the file is larger than 1MiB: it cannot be a configuration");
    toml::table table;
    problem_list problems;
    try {
        table = toml::parse(text, name);
    } catch (toml::parse_error const& e) {
        problems.add(e.source().begin.line, std::string(e.description())); // quotes the file
        return problems.take();
    }
    auto c = read_root(table, problems);
    if (!problems.empty())
        return problems.take();
    return c;
}

key_table known_keys(std::string_view text) {
    problem_list problems;
    read_root(toml::parse(text), problems);
    return problems.keys();
}

boost::system::result<config, std::vector<config_problem>> load_config(std::filesystem::path const& file) {
    std::error_code ec;
    if (std::filesystem::is_directory(file, ec))
        return one_problem(0, "cannot be read: it is a directory");
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    if (!in)
        return one_problem(0, fmt::format("cannot be read: {}", std::strerror(errno)));
    // One byte more than allowed tells a large file from one that just fits.
    std::string text(max_file_size + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad())
        return one_problem(0, fmt::format("cannot be read: {}", std::strerror(errno)));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return parse_config(text, file.string());
}

} // namespace proxy
