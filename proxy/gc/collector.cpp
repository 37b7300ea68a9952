#include "proxy/gc/collector.h"

#include "proxy/stats/units.h"
#include "store/background.h"

#include <boost/json/array.hpp>
#include <spdlog/spdlog.h>

#include <ctime>
#include <thread>

namespace proxy {

std::optional<store::gc_report> collector::run(bool dry_run, bool hosted) {
    std::unique_lock const one(running_, std::try_to_lock);
    if (!one)
        return std::nullopt;
    done_ = of_ = 0;
    is_running_ = true;
    auto const note = [this](std::size_t done, std::size_t of) {
        of_ = of;
        done_ = done;
    };
    store::gc_report report;
    std::jthread([&] {
        store::run_in_background();
        report = content_.collect({.dry_run = dry_run, .hosted = hosted, .progress = note, .stop = stop_.get_token()});
    }).join();
    is_running_ = false;
    if (dry_run)
        return report;
    ++runs_;
    {
        std::lock_guard const lock(last_);
        last_ended_at_ = std::time(nullptr);
        last_summary_ = summary(report);
    }
    if (!report.error.empty())
        spdlog::error("gc: {}", report.error);
    if (report.total().objects > 0 || report.kept_in_use > 0)
        spdlog::info("gc: {}", summary(report));
    return report;
}

collector::progress collector::state() const {
    std::lock_guard const lock(last_);
    return {is_running_, done_, of_, runs_, last_ended_at_, last_summary_};
}

namespace {

std::string amount(store::gc_sum const& s) {
    return fmt::format("{} object{}, {}", s.objects, s.objects == 1 ? "" : "s",
                       human_bytes(static_cast<std::int64_t>(s.bytes)));
}

} // namespace

std::string summary(store::gc_report const& r) {
    auto text = fmt::format("{} {}", r.dry_run ? "would remove" : "removed", amount(r.total()));
    std::string reasons;
    for (std::size_t i = 0; i < store::gc_reason_count; ++i) {
        if (r.by_reason[i].objects > 0)
            reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", to_string(static_cast<store::gc_reason>(i)),
                                   amount(r.by_reason[i]));
    }
    if (!reasons.empty())
        text += " (" + reasons + ")";
    if (r.kept_in_use > 0)
        text += fmt::format("; {} in use stayed", r.kept_in_use);
    return text;
}

boost::json::object to_json(collector::progress const& p) {
    return {{"running", p.running},
            {"done", p.done},
            {"of", p.of},
            {"runs", p.runs},
            {"last_ended_at", p.last_ended_at},
            {"last_summary", p.last_summary}};
}

boost::json::object to_json(store::gc_report const& r) {
    namespace json = boost::json;
    json::array items;
    for (auto const& i : r.items)
        items.push_back({{"digest", i.digest.to_string()},
                         {"bytes", i.disk_bytes},
                         {"type", to_string(i.kind)},
                         {"origin", to_string(i.origin)},
                         {"last_used", i.last_used},
                         {"reason", to_string(i.reason)},
                         {"policy", i.why}});
    json::object reasons;
    for (std::size_t n = 0; n < store::gc_reason_count; ++n)
        reasons[to_string(static_cast<store::gc_reason>(n))] = {{"objects", r.by_reason[n].objects},
                                                                {"bytes", r.by_reason[n].bytes}};
    auto const total = r.total();
    json::object report{{"dry_run", r.dry_run},         {"objects", total.objects},      {"bytes", total.bytes},
                        {"kept_in_use", r.kept_in_use}, {"reasons", std::move(reasons)}, {"items", std::move(items)}};
    if (!r.error.empty())
        report["error"] = r.error;
    return report;
}

} // namespace proxy
