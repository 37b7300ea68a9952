// [server], [store] and [log]: what concerns this machine alone.
#include "proxy/config/sections.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {
namespace {

using std::chrono::seconds;

void read_addresses(table_reader& in, char const* key, std::string_view example, std::vector<address>& to) {
    std::vector<address> found;
    auto const found_at = [&](address const& a) {
        return std::ranges::find_if(found, [&](address const& f) { return f.is_same_place(a); });
    };
    bool bad = false;
    bool const given = in.strings(key, example, [&](std::string const& text, std::size_t line) {
        auto const a = parse_address(text);
        bad = bad || !a;
        if (!a)
            in.problem(line, fmt::format("{} in {} holds \"{}\"; an entry is an IP address with a port, such as "
                                         "\"127.0.0.1:5000\", \"[::1]:5000\", or \":5000\" for all interfaces; with "
                                         "TLS, \"https://:5443\"",
                                         key, in.where(), text));
        else if (auto const f = found_at(*a); f == found.end())
            found.push_back(*a);
        else if (f->host == a->host)
            in.problem(line, fmt::format("{} in {} holds {} twice", key, in.where(), a->to_string()));
        else
            in.problem(line, fmt::format("{} in {} holds {} and {}: one of them takes the other's connections too", key,
                                         in.where(), f->to_string(), a->to_string()));
    });
    if (given && found.empty() && !bad)
        in.problem(in.line_of(key),
                   fmt::format("{} in {} must hold at least one address, such as {}", key, in.where(), example));
    if (!found.empty())
        to = std::move(found);
}

void check_admin_ports(table_reader& in, server_config const& c) {
    for (auto const& a : c.admin_listen)
        for (auto const& l : c.listen)
            if (l.is_same_place(a))
                in.problem(in.line_of(in.has("admin_listen") ? "admin_listen" : "listen"),
                           fmt::format("listen and admin_listen in {} both take {}: the admin API needs a port of its "
                                       "own",
                                       in.where(), a.to_string()));
}

void read_public_url(table_reader& in, server_config& to) {
    std::string url;
    if (!in.text("public_url", url) || url.empty())
        return;
    auto const parsed = parse_endpoint(url);
    if (parsed)
        to.public_url = parsed->to_string();
    else
        in.problem(in.line_of("public_url"), fmt::format("public_url in {} {}", in.where(), parsed.error()));
}

void read_certificates(table_reader& in, problem_list& problems, server_config& to) {
    for (auto const* table : in.tables("certificate")) {
        table_reader each(*table, "[[server.certificate]]", problems);
        certificate_config c;
        for (auto const& [key, file] : {std::pair("file", &c.file), std::pair("key_file", &c.key_file)}) {
            each.path(key, *file);
            if (!each.has(key))
                each.problem(each.line_of(key), fmt::format("[[server.certificate]] needs {}: a PEM file", key));
        }
        each.finish();
        to.certificates.push_back(std::move(c));
    }
    for (auto const* list : {&to.listen, &to.admin_listen})
        for (auto const& a : *list)
            if (a.tls && to.certificates.empty())
                in.problem(in.line_of(list == &to.listen ? "listen" : "admin_listen"),
                           fmt::format("{} speaks TLS and needs a [[server.certificate]] with file and key_file",
                                       a.to_string()));
}

// What one client, and all of them together, may take.
void read_limits(table_reader& in, server_config& to) {
    std::uint64_t connections = to.max_connections_per_client, fills = to.max_fills, jobs = to.max_disk_queue;
    in.integer("max_connections_per_client", connections, 0, 1'000'000);
    // Less would send the smallest piece with pauses longer than clients wait.
    std::uint64_t bandwidth = to.bandwidth_per_client;
    in.size("bandwidth_per_client", bandwidth, 0, 1ull << 40);
    if (bandwidth != 0 && bandwidth < 64 * 1024)
        in.problem(in.line_of("bandwidth_per_client"),
                   fmt::format("bandwidth_per_client in {} must be 0 or at least 64KiB", in.where()));
    in.integer("max_fills", fills, 1, 65536);
    in.integer("max_disk_queue", jobs, 16, 1'000'000);
    std::uint64_t bodies = to.max_bodies;
    in.integer("max_bodies", bodies, 1, 65536);
    in.integer("requests_per_client", to.requests_per_client, 0, 10'000'000);
    to.max_bodies = bodies;
    to.max_connections_per_client = connections;
    to.bandwidth_per_client = bandwidth;
    to.max_fills = fills;
    to.max_disk_queue = jobs;
}

} // namespace

void read_server(table_reader& in, problem_list& problems, server_config& to) {
    read_addresses(in, "listen", R"(["127.0.0.1:5000"])", to.listen);
    read_addresses(in, "admin_listen", R"(["127.0.0.1:5001"])", to.admin_listen);
    check_admin_ports(in, to);
    read_certificates(in, problems, to);

    std::uint64_t threads = to.threads;
    in.integer("threads", threads, 0, 1024);
    to.threads = static_cast<unsigned>(threads);
    read_public_url(in, to);
    in.duration("idle_timeout", to.idle_timeout, seconds(1), seconds(86400));
    in.duration("header_timeout", to.header_timeout, seconds(1), seconds(600));
    in.duration("write_timeout", to.write_timeout, seconds(1), seconds(3600));
    in.duration("request_timeout", to.request_timeout, seconds(1), seconds(30 * 86400));
    in.duration("drain_timeout", to.drain_timeout, seconds(0), seconds(3600));
    std::uint64_t connections = to.max_connections;
    in.integer("max_connections", connections, 1, 1'000'000);
    to.max_connections = connections;
    read_limits(in, to);
    in.finish();
}

void read_store(table_reader& in, store_config& to) {
    in.path("path", to.path);
    // Larger values would make RocksDB copy layers on every compaction.
    in.size("inline_max", to.inline_max, 0, 4ull << 20);
    in.choice<bool>("durability", to.sync_pulled, {{"cache", false}, {"full", true}});
    in.size("scrub_rate", to.scrub_rate, 0, 64ull << 30);
    in.duration("scrub_every", to.scrub_every, std::chrono::seconds(0), std::chrono::hours(24 * 366));
    in.finish();
}

void read_log(table_reader& in, log_config& to) {
    using std::string_view;
    string_view level = to.level;
    in.choice<string_view>(
        "level", level,
        {{"trace", "trace"}, {"debug", "debug"}, {"info", "info"}, {"warn", "warn"}, {"error", "error"}});
    to.level = std::string(level);
    in.choice<log_format>("format", to.format, {{"text", log_format::text}, {"json", log_format::json}});
    in.boolean("access", to.access);
    in.path("file", to.file);
    in.finish();
}

} // namespace proxy
