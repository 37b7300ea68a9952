// [[alert]] and [webhook].
#include "proxy/alert/alert_rule.h"
#include "proxy/config/sections.h"
#include "proxy/upstream/origin.h"

#include <fmt/format.h>

#include <algorithm>

namespace proxy {
namespace {

using std::chrono::seconds;

void read_bound(table_reader& in, alert_config& a) {
    bool const is_ratio = unit_of(a.metric) == "ratio";
    double const most = is_ratio ? 1 : 1e15;
    double below = 0, above = 0;
    if (in.number("below", below, 0, most))
        a.below = below;
    if (in.number("above", above, 0, most))
        a.above = above;
    if (in.has("below") == in.has("above"))
        in.problem(in.line_of(in.has("below") ? "below" : "metric"),
                   "[[alert]] needs one of below and above, such as below = 0.5");
}

bool asks_history(alert_metric m) {
    switch (m) {
    case alert_metric::upstream_open:
    case alert_metric::rate_budget:
    case alert_metric::disk_free:
        return false;
    case alert_metric::hit_ratio:
    case alert_metric::byte_hit_ratio:
    case alert_metric::error_ratio:
    case alert_metric::unstored:
    case alert_metric::integrity_failures:
        break;
    }
    return true;
}

alert_config read_alert(toml::table const& table, bool history, std::vector<alert_config> const& before,
                        problem_list& problems) {
    table_reader in(table, "[[alert]]", problems);
    alert_config a;
    using m = alert_metric;
    bool const known = in.choice<m>("metric", a.metric,
                                    {{"hit_ratio", m::hit_ratio},
                                     {"byte_hit_ratio", m::byte_hit_ratio},
                                     {"error_ratio", m::error_ratio},
                                     {"upstream_open", m::upstream_open},
                                     {"rate_budget", m::rate_budget},
                                     {"disk_free", m::disk_free},
                                     {"unstored", m::unstored},
                                     {"integrity_failures", m::integrity_failures}});
    if (!known && !in.has("metric"))
        in.problem(in.line_of("metric"), "[[alert]] needs a metric, such as metric = \"hit_ratio\"");
    if (!history && asks_history(a.metric))
        in.problem(in.line_of("metric"),
                   fmt::format("an alert about {} needs what [stats] history = false leaves out", to_string(a.metric)));
    read_bound(in, a);
    in.duration("over", a.over, seconds(60), std::chrono::hours(48));
    in.duration("for", a.hold, seconds(0), std::chrono::hours(24 * 7));
    in.integer("min_requests", a.min_requests, 0, 1'000'000'000);
    a.name = std::string(to_string(a.metric));
    in.text("name", a.name, 100);
    auto const same = [&](alert_config const& other) { return other.name == a.name; };
    if (std::any_of(before.begin(), before.end(), same))
        in.problem(in.line_of("name"), fmt::format("an alert is called \"{}\" already: give this one a name", a.name));
    in.finish();
    return a;
}

} // namespace

std::vector<alert_config> read_alerts(std::vector<toml::table const*> const& tables, bool history,
                                      problem_list& problems) {
    constexpr std::size_t most = 64;
    std::vector<alert_config> all;
    for (auto const* table : tables) {
        if (all.size() == most) {
            problems.add(table->source().begin.line, fmt::format("more than {} sections [[alert]]", most));
            break;
        }
        all.push_back(read_alert(*table, history, all, problems));
    }
    return all;
}

void read_webhook(table_reader& in, webhook_config& to) {
    in.text("url", to.url);
    in.path("url_file", to.url_file);
    in.choice<webhook_format>("format", to.format, {{"json", webhook_format::json}, {"slack", webhook_format::slack}});
    if (!to.url.empty() && !parse_location(to.url))
        in.problem(in.line_of("url"), "url in [webhook] must be a URL such as \"https://hooks.example.com/layerd\"");
    if (!to.url.empty() && !to.url_file.empty())
        in.problem(in.line_of("url_file"), "[webhook] takes one of url and url_file");
    in.finish();
}

} // namespace proxy
