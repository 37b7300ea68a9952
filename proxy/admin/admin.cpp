#include "proxy/admin/admin.h"

#include "proxy/admin/dashboard_files.h"
#include "proxy/log/problem_log.h"
#include "proxy/report/report.h"
#include "proxy/stats/metrics_text.h"
#include "proxy/stats/series_query.h"
#include "store/hosted/hosted_repositories.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <filesystem>

namespace proxy {

namespace {

namespace json = boost::json;

constexpr std::size_t default_page = 100;
constexpr std::size_t max_page = 1000;
constexpr std::size_t max_tags_shown = 1000; // of one repository

admin_response document(json::value const& v, unsigned status = 200) {
    return {status, "application/json", json::serialize(v) + "\n"};
}

admin_response answer_to(query_result<json::object> const& asked) {
    return asked ? document(*asked) : admin_problem(400, asked.error());
}

std::size_t page_size(oci::query const& q) {
    auto const text = q.find("n").value_or("");
    std::size_t n = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    bool const usable = ec == std::errc{} && end == text.data() + text.size() && n > 0;
    return usable ? std::min(n, max_page) : default_page;
}

} // namespace

admin_response admin_problem(unsigned status, std::string_view message) {
    return document(json::object{{"error", message}}, status);
}

admin_response admin::handle(admin_request const& r) const {
    if (auto done = commands_.handle(r))
        return *std::move(done);
    if (r.method != "GET" && r.method != "HEAD")
        return admin_problem(405, "only GET and HEAD are served here");
    if (r.path == "/healthz")
        return {200, "text/plain", "ok\n"};
    if (r.path == "/readyz")
        return readiness();
    if (r.path == "/metrics")
        return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(report())};
    if (auto const* file = find_dashboard_file(r.path))
        return {200, std::string(file->content_type), std::string(file->body)};
    if (r.path == "/api/v1/stats")
        return document(to_json(report()));
    if (r.path == "/api/v1/stats/series" || r.path == "/api/v1/stats/window" || r.path == "/api/v1/report")
        return from_history(r);
    if (r.path == "/api/v1/upstreams")
        return document(json::object{{"upstreams", upstreams()}});
    if (r.path == "/api/v1/alerts")
        return document(json::object{{"alerts", to_json(alerts_())}});
    if (r.path == "/api/v1/fills")
        return document(json::object{{"fills", running_fills()}});
    if (r.path == "/api/v1/images")
        return images(r.query);
    return admin_problem(404, "no such page");
}

admin_response admin::from_history(admin_request const& r) const {
    if (!config_.stats.history)
        return admin_problem(404, "no history is kept: [stats] history = false");
    if (r.path == "/api/v1/stats/series")
        return answer_to(series(past_, r.query, now_()));
    if (r.path == "/api/v1/stats/window")
        return answer_to(window(past_, r.query, now_(), config_.stats.currency));
    return answer_to(proxy::report(past_, r.query, now_(), config_, content_.used()));
}

std::string admin::live() const {
    json::array problems;
    for (auto const& p : recent_problems())
        problems.push_back({{"time", p.time}, {"level", p.level}, {"message", p.message}});
    return json::serialize(json::object{{"stats", to_json(report())},
                                        {"upstreams", upstreams()},
                                        {"fills", running_fills()},
                                        {"gc", commands_.collection()},
                                        {"alerts", to_json(alerts_())},
                                        {"problems", std::move(problems)}});
}

stats_report admin::report() const {
    stats_report r;
    r.totals = stats_.totals();
    r.since_start = stats_.since_start();
    r.store = content_.used();
    r.limit_bytes = r.store.limit_bytes;
    r.integrity = integrity_.report();
    r.endpoints = registries_.endpoints();
    r.alerts = alerts_();
    r.certificate_expiry = certificate_expiry_();
    r.uptime_seconds = stats_.uptime().count();
    r.open_connections = stats_.open_connections.load(std::memory_order_relaxed);
    r.uploads = content_.hosted().sessions().count();
    r.running_fills = stats_.running_fills.load(std::memory_order_relaxed);
    r.prefetched = stats_.prefetched.load(std::memory_order_relaxed);
    r.prefetch_used = stats_.prefetch_used.load(std::memory_order_relaxed);
    return r;
}

admin_response admin::readiness() const {
    if (!ready_())
        return {503, "text/plain", "stopping\n"};
    if (auto const why = can_write_.look(steady_clock::now()))
        return {503, "text/plain", "the store cannot be written: " + *why + "\n"};
    return {200, "text/plain", "ready\n"};
}

json::array admin::upstreams() const {
    auto const totals = stats_.totals();
    auto const reports = registries_.endpoints();
    auto const waiting = registries_.waiting();
    json::array list;
    for (auto const& u : config_.upstreams) {
        json::array endpoints;
        for (auto const& e : reports.at(u.name))
            endpoints.push_back(to_json(e));
        auto const counted = totals.upstreams.find(u.name);
        auto const counts = counted == totals.upstreams.end() ? stats_totals::per_upstream{} : counted->second;
        list.push_back({{"name", u.name},
                        {"endpoints", std::move(endpoints)},
                        {"default", u.is_default},
                        {"tag_ttl_seconds", u.tag_ttl.count()},
                        {"waiting", waiting.at(u.name)},
                        {"requests", counts.requests},
                        {"bytes", counts.bytes},
                        {"errors", counts.errors}});
    }
    return list;
}

json::array admin::running_fills() const {
    json::array list;
    for (auto const& f : fills_())
        list.push_back({{"digest", f.digest},
                        {"upstream", f.upstream},
                        {"received", f.received},
                        {"total", f.total},
                        {"followers", f.followers},
                        {"seconds", f.seconds}});
    return list;
}

admin_response admin::images(oci::query const& q) const {
    auto const n = page_size(q);
    auto const repositories = content_.index().repositories(q.find("last").value_or(""), n);
    if (!repositories)
        return admin_problem(500, repositories.error().message);
    json::array list;
    for (auto const& repo : *repositories) {
        auto const names = content_.index().tags(repo, "", max_tags_shown);
        if (!names)
            return admin_problem(500, names.error().message);
        json::object tags;
        for (auto const& name : *names) {
            auto const parsed = oci::tag::parse(name);
            if (!parsed)
                continue;
            auto const record = content_.index().find_tag(repo, *parsed);
            if (record && *record)
                tags[name] = {{"digest", (*record)->digest.to_string()}, {"checked_at", (*record)->checked_at}};
        }
        list.push_back({{"repository", repo}, {"tags", std::move(tags)}});
    }
    json::object page{{"images", std::move(list)}};
    if (repositories->size() == n)
        page["last"] = repositories->back();
    return document(page);
}

} // namespace proxy
