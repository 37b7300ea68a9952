#include "proxy/cli/gc_command.h"

#include "proxy/cli/http_fetch.h"
#include "proxy/cli/text_table.h"
#include "proxy/json_fields.h"
#include "proxy/runtime/spawn.h"
#include "proxy/stats/units.h"

#include <boost/json/array.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <ostream>

namespace proxy {
namespace {

namespace json = boost::json;

constexpr std::chrono::hours run_max{24}; // the server ends a run; this ends a hung connection
constexpr milliseconds redraw_interval{200};
constexpr std::size_t items_shown = 20;

std::string amount(std::int64_t objects, std::int64_t bytes) {
    return fmt::format("{} object{}, {}", objects, objects == 1 ? "" : "s", human_bytes(bytes));
}

// One line an object, the first of them; the rest is in --json.
std::string items_table(json::array const& items) {
    text_table table(3);
    table.row({"  digest", "size", "unused for", "type", "why"});
    auto const now = std::time(nullptr);
    for (std::size_t i = 0; i < items.size() && i < items_shown; ++i) {
        if (!items[i].is_object())
            continue;
        auto const& o = items[i].get_object();
        auto const unused = std::max<std::int64_t>(0, now - count_at(o, "last_used"));
        auto const why = text_at(o, {"policy"});
        table.row({"  " + printable(text_at(o, {"digest"}), 19), human_bytes(count_at(o, "bytes")),
                   human_duration(unused), printable(text_at(o, {"type"})),
                   printable(why.empty() ? text_at(o, {"reason"}) : why)});
    }
    auto lines = table.text();
    if (items.size() > items_shown)
        lines += fmt::format("  … and {} more: --json shows them\n", items.size() - items_shown);
    return lines;
}

// "  keep_storage: 3 objects, 12.0 MiB", for each reason, if there are several.
std::string sums(json::object const& reasons) {
    std::string lines;
    int several = 0;
    for (auto const& [reason, sum] : reasons) {
        auto const* o = sum.if_object();
        if (o == nullptr || count_at(*o, "objects") == 0)
            continue;
        lines += fmt::format("  {}: {}\n", printable(reason), amount(count_at(*o, "objects"), count_at(*o, "bytes")));
        ++several;
    }
    return several > 1 ? lines : std::string();
}

result<std::string> shown(std::string const& body, bool as_json) {
    auto const report = parse_object(body);
    if (!report || !report->contains("objects"))
        return internal_error("the answer is no report: is this the admin API of layerd?");
    if (as_json)
        return body;
    auto const* said = find_field(*report, {"dry_run"});
    bool const dry = said != nullptr && *said == true;
    auto const n = count_at(*report, "objects");
    std::string out =
        n == 0 ? std::string("nothing to remove\n")
               : fmt::format("{} {}\n", dry ? "would remove" : "removed", amount(n, count_at(*report, "bytes")));
    if (auto const* reasons = find_object(*report, {"reasons"}))
        out += sums(*reasons);
    if (auto const* items = find_field(*report, {"items"}); items && items->is_array() && !items->get_array().empty())
        out += items_table(items->get_array());
    if (auto const kept = count_at(*report, "kept_in_use"); kept > 0)
        out += fmt::format("{} stayed, being read just now\n", kept);
    return out;
}

class gc_run {
public:
    gc_run(gc_options const& o, endpoint_config at, command_environment const& env)
        : options_(o), at_(std::move(at)), env_(env), timer_(context_.get_executor()) {}

    int run() {
        spawn(context_.get_executor(), "gc", [this] { return collect(); });
        if (env_.terminal && !options_.json && !options_.dry_run)
            spawn(context_.get_executor(), "gc bar", [this] { return draw(); });
        context_.run();
        return code_;
    }

private:
    task<void> collect() {
        std::string path = options_.dry_run ? "/api/v1/gc?dry_run=1" : "/api/v1/gc";
        auto const body = co_await http_post(at_, std::move(path), "{}", deadline::after(run_max));
        done_ = true;
        timer_.cancel();
        if (drawn_)
            env_.out << "\r\x1b[K"; // the bar has done its duty
        auto const text = body ? shown(*body, options_.json) : result<std::string>(body.error());
        code_ = text ? 0 : 1;
        if (text)
            env_.out << *text;
        else
            env_.err << "layerd gc: " << text.error().message << '\n';
    }

    task<void> draw() {
        while (!done_) {
            error_code ec;
            timer_.expires_after(redraw_interval);
            co_await timer_.async_wait(net::redirect_error(use_task, ec));
            if (done_)
                co_return;
            std::string path = "/api/v1/gc";
            auto const body = co_await http_fetch(at_, std::move(path), deadline::after(seconds(5)));
            if (body && !done_)
                draw_bar(*body);
        }
    }

    void draw_bar(std::string const& body) {
        constexpr std::int64_t width = 40;
        auto const state = parse_object(body);
        auto const done = state ? count_at(*state, "done") : 0, of = state ? count_at(*state, "of") : 0;
        if (of <= 0)
            return;
        auto const filled = std::min(width, width * done / of);
        env_.out << fmt::format("\r[{:#<{}}{:.<{}}] {}/{} objects", "", filled, "", width - filled, done, of);
        env_.out.flush();
        drawn_ = true;
    }

    gc_options const& options_;
    endpoint_config const at_;
    command_environment const& env_;
    net::io_context context_{1};
    steady_timer timer_;
    bool done_ = false;
    bool drawn_ = false;
    int code_ = 0;
};

} // namespace

int run_gc(gc_options const& o, command_environment const& env) {
    constexpr int wrong_usage = 2;
    auto at = parse_admin_url(o.admin);
    if (!at) {
        env.err << fmt::format("layerd gc: --admin {}\n", at.error());
        return wrong_usage;
    }
    return gc_run(o, *std::move(at), env).run();
}

} // namespace proxy
