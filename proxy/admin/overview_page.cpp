#include "proxy/admin/overview_page.h"

#include "proxy/stats/units.h"

#include <fmt/format.h>

namespace proxy {

namespace {

constexpr std::string_view page_start = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10"><title>layerd</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td { padding: .25rem 0; border-bottom: 1px solid #8884 }
td + td { text-align: right; font-variant-numeric: tabular-nums }
</style></head><body><h1>layerd</h1><table>
)";

constexpr std::string_view page_end =
    R"(</table><p><a href="/api/v1/stats">statistics</a> · <a href="/metrics">metrics</a> ·
<a href="/api/v1/images">images</a> · <a href="/api/v1/fills">running fills</a></p></body></html>
)";

} // namespace

std::string overview_page(stats_report const& r) {
    std::string page(page_start);
    auto const row = [&](std::string_view name, std::string const& value) {
        page += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", name, value);
    };
    auto const bytes = [](std::uint64_t n) { return human_bytes(static_cast<std::int64_t>(n)); };
    row("hit ratio, requests", percent(r.request_hit_ratio()));
    row("hit ratio, bytes", percent(r.byte_hit_ratio()));
    row("served", bytes(r.totals.bytes_served));
    row("from upstream", bytes(r.totals.bytes_from_upstream()));
    row("network savings", human_bytes(r.saved_bytes()) + " (" + percent(r.saved_ratio()) + ")");
    row("store", bytes(r.store.disk_bytes) + " of " + bytes(r.limit_bytes) + ", " + std::to_string(r.store.objects) +
                     " objects");
    row("deduplication savings", bytes(r.dedup_saved_bytes()) + " (" + percent(r.dedup_ratio()) + ")");
    row("open connections", std::to_string(r.open_connections));
    row("running fills", std::to_string(r.running_fills));
    page += page_end;
    return page;
}

} // namespace proxy
