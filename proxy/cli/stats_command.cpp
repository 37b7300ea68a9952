#include "proxy/cli/stats_command.h"

#include "proxy/cli/http_fetch.h"
#include "proxy/cli/stats_table.h"
#include "proxy/cli/window_table.h"
#include "proxy/json_fields.h"
#include "proxy/runtime/spawn.h"

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <optional>
#include <ostream>

namespace proxy {
namespace {

namespace json = boost::json;

constexpr seconds answer_timeout{10};
constexpr seconds redraw_interval{2};
constexpr char const* document_path = "/api/v1/stats";
constexpr char const* default_since = "24h";

// The document as it shall be shown, or why it cannot be.
result<std::string> shown(std::string const& body, bool as_json, endpoint_config const& from) {
    auto const document = parse_object(body);
    if (!document)
        return internal_error(fmt::format("{}{} is no statistics document: is this the admin API of layerd?",
                                          from.to_string(), document_path));
    if (as_json)
        return body.ends_with('\n') ? body : body + '\n';
    return stats_table(*document, from.to_string());
}

// The document at a path, for what is shown beside another: empty if this server has none.
task<json::object> fetch_document(endpoint_config const& from, std::string path) {
    auto body = co_await http_fetch(from, std::move(path), deadline::after(answer_timeout));
    auto document = body ? parse_object(*body) : std::nullopt;
    co_return document ? std::move(*document) : json::object();
}

task<result<std::string>> fetch_totals(stats_options const& o, endpoint_config const& from) {
    auto body = co_await http_fetch(from, document_path, deadline::after(answer_timeout));
    if (!body)
        co_return body.error();
    co_return shown(*body, o.json, from);
}

task<result<std::string>> fetch_window(stats_options const& o, endpoint_config const& from) {
    auto const since = o.since.empty() ? std::string(default_since) : o.since;
    auto path = fmt::format("/api/v1/stats/window?from=-{}&limit=20{}{}", since, o.by.empty() ? "" : "&by=", o.by);
    auto body = co_await http_fetch(from, std::move(path), deadline::after(answer_timeout));
    if (!body)
        co_return body.error();
    if (o.json)
        co_return *body;
    window_view v{.since = since};
    auto document = parse_object(*body);
    if (!document)
        co_return internal_error(
            fmt::format("{} sent no statistics: is this the admin API of layerd?", from.to_string()));
    v.window = std::move(*document);
    v.currency = text_at(v.window, {"currency"});
    v.hit_ratio = co_await fetch_document(from, "/api/v1/stats/series?metric=hit_ratio&from=-" + since);
    co_return window_table(v, from.to_string());
}

task<result<std::string>> fetch_shown(stats_options const& o, endpoint_config const& from) {
    if (o.since.empty() && o.by.empty())
        return fetch_totals(o, from);
    return fetch_window(o, from);
}

class stats_run {
public:
    stats_run(stats_options const& o, endpoint_config from, command_environment const& env)
        : options_(o), from_(std::move(from)), env_(env), stop_signals_(context_.get_executor()),
          timer_(context_.get_executor()) {}

    int run() {
        if (options_.watch) {
            stop_signals_.add(SIGINT);
            stop_signals_.add(SIGTERM);
            stop_signals_.async_wait([this](error_code, int) { context_.stop(); });
        }
        spawn(context_.get_executor(), "stats", [this] { return show(); });
        context_.run();
        return code_;
    }

private:
    task<void> show() {
        do {
            auto const text = co_await fetch_shown(options_, from_);
            print(text);
            if (!options_.watch)
                break;
            error_code ec;
            timer_.expires_after(redraw_interval);
            co_await timer_.async_wait(net::redirect_error(use_task, ec));
        } while (env_.out.good());
        context_.stop();
    }

    void print(result<std::string> const& text) {
        bool const in_place = options_.watch && !options_.json && env_.terminal;
        if (in_place)
            env_.out << "\x1b[H\x1b[2J"; // cursor home, clear the screen
        code_ = text || options_.watch ? 0 : 1;
        if (!text)
            (in_place ? env_.out : env_.err) << "layerd stats: " << text.error().message << '\n';
        else
            env_.out << *text << (options_.watch && !options_.json && !in_place ? "\n" : "");
        env_.out.flush();
    }

    stats_options const& options_;
    endpoint_config const from_;
    command_environment const& env_;
    net::io_context context_{1};
    net::basic_signal_set<executor> stop_signals_;
    steady_timer timer_;
    int code_ = 0;
};

} // namespace

int run_stats(stats_options const& o, command_environment const& env) {
    constexpr int wrong_usage = 2;
    if (!o.since.empty() && !parse_duration(o.since)) {
        env.err << fmt::format("layerd stats: --since {}: must be a duration such as 90m, 24h or 7d\n", o.since);
        return wrong_usage;
    }
    auto const from = parse_admin_url(o.admin);
    if (!from) {
        env.err << fmt::format("layerd stats: --admin {}\n", from.error());
        return wrong_usage;
    }
    return stats_run(o, *from, env).run();
}

} // namespace proxy
