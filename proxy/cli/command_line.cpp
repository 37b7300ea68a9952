#include "proxy/cli/command_line.h"

#include "oci/platform.h"
#include "proxy/cli/client_config.h"
#include "proxy/cli/file_check.h"
#include "proxy/cli/fsck_command.h"
#include "proxy/cli/gc_command.h"
#include "proxy/cli/image_command.h"
#include "proxy/cli/report_command.h"
#include "proxy/cli/stats_command.h"
#include "proxy/cli/token_command.h"
#include "proxy/cli/warm_command.h"
#include "proxy/config/near_name.h"
#include "proxy/serve.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iostream>

namespace proxy {
namespace {

constexpr int done = 0, failed = 1, wrong_usage = 2;

struct serve_options {
    std::string config_file;
    std::vector<std::string> listen;
    std::vector<std::string> admin_listen;
    std::string store;
};

constexpr char const* default_url = "http://127.0.0.1:5000";

struct client_config_options {
    std::string client;
    std::string url;
    std::string config_file;
};

void print_problems(std::ostream& err, std::string const& file, std::vector<config_problem> const& problems) {
    for (auto const& p : problems)
        err << describe(file, p) << '\n';
    if (problems.size() > 1)
        err << problems.size() << " problems\n";
}

// The addresses given with an option; nothing if one of them is none.
std::optional<std::vector<address>> addresses(std::vector<std::string> const& given, char const* option,
                                              std::ostream& err) {
    std::vector<address> found;
    for (auto const& text : given) {
        auto const a = parse_address(text);
        if (!a) {
            err << fmt::format("layerd serve: {} {}: must be an IP address with a port, such as 127.0.0.1:5000, "
                               "[::1]:5000, or :5000 for all interfaces\n",
                               option, text);
            return std::nullopt;
        }
        found.push_back(*a);
    }
    return found;
}

// The file, and what the options say instead of it.
std::optional<config_source> source_of(serve_options const& o, std::ostream& err) {
    auto listen = addresses(o.listen, "--listen", err);
    auto admin_listen = addresses(o.admin_listen, "--admin-listen", err);
    if (!listen || !admin_listen)
        return std::nullopt;
    auto apply = [listen = *listen, admin_listen = *admin_listen, store = o.store](config& c) {
        if (!listen.empty())
            c.server.listen = listen;
        if (!admin_listen.empty())
            c.server.admin_listen = admin_listen;
        if (!store.empty())
            c.store.path = store;
    };
    return config_source{o.config_file, std::move(apply)};
}

int run_serve(serve_options const& o, command_environment const& env) {
    auto from = source_of(o, env.err);
    if (!from)
        return wrong_usage;
    auto c = default_config();
    if (!o.config_file.empty()) {
        auto loaded = load_config(o.config_file);
        if (!loaded) {
            print_problems(env.err, o.config_file, loaded.error());
            return failed;
        }
        c = std::move(*loaded);
    }
    from->override_by(c);
    for (auto const& a : c.server.admin_listen)
        if (std::ranges::any_of(c.server.listen, [&](address const& l) { return l.is_same_place(a); })) {
            env.err << fmt::format("layerd serve: {} is asked for twice, for the registry API and for the admin API\n",
                                   a.to_string());
            return wrong_usage;
        }
    return env.serve(std::move(c), std::move(*from));
}

int run_check_config(std::string const& file, command_environment const& env) {
    auto const c = load_config(file);
    if (!c) {
        print_problems(env.err, file, c.error());
        return failed;
    }
    auto const files = check_files(*c, std::time(nullptr));
    for (auto const& text : files.notes)
        env.err << text << '\n';
    for (auto const& text : files.warnings)
        env.err << fmt::format("{}: warning: {}\n", file, text);
    if (!files.errors.empty()) {
        std::vector<config_problem> problems;
        for (auto const& text : files.errors)
            problems.push_back({0, text});
        print_problems(env.err, file, problems);
        return failed;
    }
    std::string names;
    for (auto const& u : c->upstreams)
        names += (names.empty() ? "" : ", ") + u.name + (u.is_default ? " (default)" : "");
    env.out << fmt::format("{}: ok\n", file);
    env.out << fmt::format("  upstreams: {}\n", names.empty() ? "none" : names);
    auto const path = c->store.path.empty() ? default_store_path() : c->store.path;
    env.out << fmt::format("  store:     {}, {}\n", path.string(),
                           c->gc.enabled ? "at most " + to_string(c->gc.keep_storage) : "without a limit");
    return done;
}

int run_client_config(client_config_options const& o, command_environment const& env) {
    auto url = o.url;
    if (url.empty() && !o.config_file.empty()) {
        auto const c = load_config(o.config_file);
        if (!c) {
            print_problems(env.err, o.config_file, c.error());
            return failed;
        }
        url = c->server.public_url;
    }
    std::string_view const named = o.url.empty() ? "public_url" : "--url";
    auto const at = parse_endpoint(url.empty() ? default_url : url);
    if (!at) {
        env.err << fmt::format("layerd client-config: {} {}\n", named, at.error());
        return wrong_usage;
    }
    if (!at->path.empty()) {
        env.err << fmt::format("layerd client-config: {} must not have a path: clients put theirs in different places, "
                               "and layerd answers at the top\n",
                               named);
        return wrong_usage;
    }
    auto const text = client_config(*client_kind_of(o.client), *at);
    env.out << text.lines;
    env.err << text.hints;
    return done;
}

void add_serve(CLI::App& app, serve_options& o) {
    auto* c =
        app.add_subcommand("serve", "Runs the server. Without --config: docker.io and ghcr.io, on 127.0.0.1:5000.");
    c->add_option("--config", o.config_file, "Configuration file")->type_name("FILE");
    c->add_option("--listen", o.listen, "Address of the registry API; may be given more than once")
        ->type_name("ADDRESS")
        ->allow_extra_args(false);
    c->add_option("--admin-listen", o.admin_listen, "Address of statistics, metrics and health")
        ->type_name("ADDRESS")
        ->allow_extra_args(false);
    c->add_option("--store", o.store, "Folder of the store")->type_name("DIR");
}

void add_stats(CLI::App& app, stats_options& o) {
    auto* c = app.add_subcommand("stats", "Shows what was served, from where, and what that saved.");
    c->add_option("--admin", o.admin, "URL of the admin API; " + o.admin + " if not given")->type_name("URL");
    c->add_flag("--json", o.json, "Prints the document as it is");
    c->add_flag("--watch", o.watch, "Shows it again every two seconds, until interrupted");
    c->add_option("--since", o.since, "Of the last 90m, 24h, 7d, …, not since the store was made")
        ->type_name("DURATION");
    c->add_option("--by", o.by, "Also by name: upstream, repository or client; of the last 24h without --since")
        ->type_name("NAME")
        ->check(CLI::IsMember({"upstream", "repository", "client"}));
}

void add_report(CLI::App& app, report_options& o) {
    auto* c =
        app.add_subcommand("report", "Writes what was saved, for whom, and what could be set better, as Markdown.");
    c->add_option("--admin", o.admin, "URL of the admin API; " + o.admin + " if not given")->type_name("URL");
    c->add_option("--since", o.since, "Of the last 24h, 7d, 30d, …; " + o.since + " if not given")
        ->type_name("DURATION");
    c->add_flag("--json", o.json, "Prints the document as it is");
}

void add_fsck(CLI::App& app, fsck_command_options& o) {
    auto* c = app.add_subcommand("fsck", "Checks every byte of a store that no server uses.");
    c->add_option("--store", o.store, "Folder of the store; that of serve if not given")->type_name("DIR");
    c->add_option("--config", o.config_file, "Configuration file that says which store")->type_name("FILE");
    c->add_flag("--repair", o.repair, "Drops what is wrong, so that it is downloaded again, and puts the rest right");
    c->add_flag("--json", o.json, "Prints the findings as a document");
}

void add_gc(CLI::App& app, gc_options& o) {
    auto* c = app.add_subcommand("gc", "Removes what policies and limits say must go.");
    c->add_option("--admin", o.admin, "URL of the admin API; " + o.admin + " if not given")->type_name("URL");
    c->add_flag("--dry-run", o.dry_run, "Shows what would go, and why, and removes nothing");
    c->add_flag("--json", o.json, "Prints the report as it is");
}

void add_images(CLI::App& app, char const* verb, char const* text, image_options& o) {
    auto* c = app.add_subcommand(verb, text);
    c->add_option("--admin", o.admin, "URL of the admin API; " + o.admin + " if not given")->type_name("URL");
    c->add_option("image", o.images, "docker.io/library/alpine:3.20, alpine, ghcr.io/a/b@sha256:…")
        ->type_name("IMAGE")
        ->required();
}

void add_warm(CLI::App& app, warm_options& o) {
    auto* c = app.add_subcommand("warm", "Pulls images into the store before a client asks for them.");
    c->add_option("--admin", o.admin, "URL of the admin API; " + o.admin + " if not given")->type_name("URL");
    c->add_option("--platform", o.platforms,
                  "linux/arm64, linux/arm/v7; may be given more than once. Not given: what clients of the server pull")
        ->type_name("PLATFORM")
        ->allow_extra_args(false)
        ->check([](std::string const& text) {
            return oci::parse_platform(text) ? std::string() : "\"" + text + "\" is none, such as linux/amd64";
        });
    c->add_flag("--all-platforms", o.all_platforms, "Whatever an image has, attestations too")->excludes("--platform");
    c->add_option("image", o.images, "docker.io/library/alpine:3.20, alpine, ghcr.io/a/b@sha256:…")
        ->type_name("IMAGE")
        ->required();
}

void add_client_config(CLI::App& app, client_config_options& o) {
    auto* c = app.add_subcommand("client-config", "Prints the lines that make a client use this mirror.");
    c->add_option("client", o.client, "Which client")
        ->required()
        ->type_name(client_names("|"))
        ->check([](std::string const& name) {
            return client_kind_of(name) ? std::string() : fmt::format("\"{}\" is none of {}", name, client_names(", "));
        });
    c->add_option("--url", o.url, std::string("Where the clients reach this mirror; ") + default_url + " if not given")
        ->type_name("URL");
    c->add_option("--config", o.config_file, "Configuration file, whose public_url counts where --url is not given")
        ->type_name("FILE");
}

void add_token(CLI::App& app, token_options& o) {
    auto* c = app.add_subcommand("token", "Makes tokens that clients log in with.");
    c->require_subcommand(1);
    auto* issue =
        c->add_subcommand("issue", "Prints a token for one user; the password of `docker login`, or a Bearer.");
    issue->add_option("--user", o.user, "Whom rules know its bearer as")->type_name("NAME")->required();
    issue
        ->add_option("--scope", o.scopes,
                     "local/app:pull,push or admin; may be given more than once. Not given: "
                     "whatever the rules allow")
        ->type_name("SCOPE")
        ->allow_extra_args(false);
    issue->add_option("--expires", o.expires, "When it ends: 24h, 90d; " + o.expires + " if not given")
        ->type_name("DURATION");
    issue->add_option("--config", o.config_file, "Configuration file, which says where the key is")->type_name("FILE");
    issue->add_option("--key", o.key_file, "The key itself: Ed25519, PEM")->type_name("FILE");
}

// CLI11 calls a command that it does not know an unexpected argument, or a missing one.
std::string complaint(CLI::App const& app, std::vector<std::string> const& args, CLI::ParseError const& e) {
    if (args.empty())
        return "no command given";
    if (app.get_subcommands().empty() && args[0].starts_with('-'))
        return fmt::format("unknown option {}", args[0]);
    std::vector<std::string> known;
    for (auto const* c : app.get_subcommands([](CLI::App const*) { return true; }))
        known.push_back(c->get_name());
    if (args[0].starts_with('-') || std::find(known.begin(), known.end(), args[0]) != known.end())
        return e.what();
    auto const near = near_name(args[0], known);
    return fmt::format("unknown command \"{}\"{}", args[0],
                       near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
}

} // namespace

int run_command_line(std::vector<std::string> const& args, command_environment const& env) {
    CLI::App app("A content-addressed cache for container registries", "layerd");
    app.set_version_flag("--version", std::string("layerd ") + LAYERD_VERSION, "Prints the version");
    app.require_subcommand(1);
    serve_options serving;
    std::string checked_file;
    stats_options statistics;
    report_options reporting;
    fsck_command_options check;
    client_config_options clients;
    gc_options collection;
    image_options images;
    warm_options warming;
    token_options tokens;
    add_serve(app, serving);
    app.add_subcommand("check-config", "Says every problem of a configuration file, and of the "
                                       "files that it names and this user may read.")
        ->add_option("--config", checked_file, "Configuration file")
        ->type_name("FILE")
        ->required();
    add_stats(app, statistics);
    add_report(app, reporting);
    add_gc(app, collection);
    add_warm(app, warming);
    add_images(app, "refresh", "Asks upstream what tags are now, however short a time ago that was done.", images);
    add_images(app, "pin", "Keeps images here whatever the limits say.", images);
    add_images(app, "unpin", "Lets them go again.", images);
    add_images(app, "purge", "Removes images, or content by its digest.", images);
    add_fsck(app, check);
    add_token(app, tokens);
    add_client_config(app, clients);

    try {
        app.parse(std::vector<std::string>(args.rbegin(), args.rend())); // CLI11 takes them from the end
    } catch (CLI::ParseError const& e) {
        if (e.get_exit_code() == 0)
            return app.exit(e, env.out, env.err); // --help, --version
        auto const parsed = app.get_subcommands();
        auto const command = parsed.empty() ? std::string("layerd") : "layerd " + parsed[0]->get_name();
        env.err << fmt::format("{}: {}\nTry: {} --help\n", command, complaint(app, args, e), command);
        return wrong_usage;
    }
    auto const command = app.get_subcommands().at(0)->get_name();
    if (command == "serve")
        return run_serve(serving, env);
    if (command == "check-config")
        return run_check_config(checked_file, env);
    if (command == "stats")
        return run_stats(statistics, env);
    if (command == "report")
        return run_report(reporting, env);
    if (command == "gc")
        return run_gc(collection, env);
    if (command == "warm")
        return run_warm(warming, env);
    images.verb = command;
    if (command == "refresh" || command == "pin" || command == "unpin" || command == "purge")
        return run_image_command(images, env);
    if (command == "fsck")
        return run_fsck(check, env);
    if (command == "token")
        return run_token_issue(tokens, env);
    return run_client_config(clients, env);
}

int run_command_line(int argc, char** argv) {
    command_environment const env{std::cout, std::cerr, &serve, ::isatty(STDOUT_FILENO) == 1,
                                  ::isatty(STDERR_FILENO) == 1};
    int code = failed;
    try {
        code = run_command_line(std::vector<std::string>(argv + 1, argv + argc), env);
    } catch (std::exception const& e) {
        std::cerr << "layerd: " << e.what() << '\n';
        return failed;
    }
    // Output that went nowhere (a full disk, say) is not done.
    if (!std::cout.flush()) {
        std::cerr << "layerd: the output could not be written\n";
        return failed;
    }
    return code;
}

} // namespace proxy
