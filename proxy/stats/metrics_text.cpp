#include "proxy/stats/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <cmath>
#include <limits>
#include <span>

namespace proxy {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using labels = std::vector<ClientMetric::Label>;

MetricFamily family(std::string name, std::string help, MetricType type) {
    MetricFamily f;
    f.name = std::move(name);
    f.help = std::move(help);
    f.type = type;
    return f;
}

void add(MetricFamily& f, double value, labels l = {}) {
    ClientMetric m;
    m.label = std::move(l);
    if (f.type == MetricType::Counter)
        m.counter.value = value;
    else
        m.gauge.value = value;
    f.metric.push_back(std::move(m));
}

MetricFamily single(std::string name, std::string help, MetricType type, double value) {
    auto f = family(std::move(name), std::move(help), type);
    add(f, value);
    return f;
}

MetricFamily requests(stats_totals const& t) {
    auto f = family("layerd_requests_total",
                    "Requests answered, by what was asked for and how; clients' own mistakes are errors too.",
                    MetricType::Counter);
    for (std::size_t c = 0; c < content_class_count; ++c)
        for (std::size_t o = 0; o < outcome_count; ++o)
            add(f, static_cast<double>(t.requests[c][o]),
                {{"content", std::string(to_string(static_cast<content_class>(c)))},
                 {"result", std::string(to_string(static_cast<outcome>(o)))}});
    return f;
}

// A histogram of which only the counts were given, each with the upper end of its bucket; the last takes the rest.
void add_histogram(MetricFamily& f, std::span<std::uint64_t const> counts, auto const& upper_bound,
                   std::uint64_t sum_us, labels l = {}) {
    ClientMetric m;
    m.label = std::move(l);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        sum += counts[i];
        bool const last = i + 1 == counts.size();
        m.histogram.bucket.push_back({sum, last ? std::numeric_limits<double>::infinity() : upper_bound(i)});
    }
    m.histogram.sample_count = sum;
    m.histogram.sample_sum = static_cast<double>(sum_us) / 1e6;
    f.metric.push_back(std::move(m));
}

MetricFamily first_byte(stats_totals const& t) {
    auto f = family("layerd_request_first_byte_seconds", "Time from a request's head to the head of its answer.",
                    MetricType::Histogram);
    auto const upper_bound = [](std::size_t i) { return std::ldexp(64e-6, static_cast<int>(i)); };
    add_histogram(f, t.first_byte, upper_bound, t.latency_sum_us);
    return f;
}

// Upstreams take milliseconds to minutes: a bucket for each power of two of that.
MetricFamily upstream_first_byte(stats_totals const& t) {
    auto f = family("layerd_upstream_first_byte_seconds",
                    "Time from a request to an upstream to the head of its answer.", MetricType::Histogram);
    auto const upper_bound = [](std::size_t i) { return std::ldexp(1.024e-3, static_cast<int>(i)); };
    for (auto const& [name, u] : t.upstreams) {
        std::array<std::uint64_t, 18> counts{};
        for (std::size_t from = 0, to = 0; from < latency_histogram::bucket_count; ++from) {
            while (to + 1 < counts.size() && latency_histogram::lower_bound(from) >= upper_bound(to) * 0.999)
                ++to;
            counts[to] += u.first_byte.counts[from];
        }
        add_histogram(f, counts, upper_bound, u.first_byte_sum_us, {{"upstream", name}});
    }
    return f;
}

void add_upstreams(std::vector<MetricFamily>& all, stats_totals const& t) {
    auto asked = family("layerd_upstream_requests_total", "Requests sent to an upstream, repetitions included.",
                        MetricType::Counter);
    auto received = family("layerd_upstream_received_bytes_total", "Body bytes received from an upstream, used or not.",
                           MetricType::Counter);
    auto failed = family("layerd_upstream_errors_total",
                         "Requests to an upstream that got no usable answer: unreachable, 5xx, 429, cut off.",
                         MetricType::Counter);
    auto revalidated =
        family("layerd_upstream_tag_revalidations_total",
               "Times an upstream was asked whether a known tag that a client wanted has moved.", MetricType::Counter);
    for (auto const& [name, u] : t.upstreams) {
        labels const l{{"upstream", name}};
        add(revalidated, static_cast<double>(u.revalidations_unchanged), {{"upstream", name}, {"result", "unchanged"}});
        add(revalidated, static_cast<double>(u.revalidations_moved), {{"upstream", name}, {"result", "moved"}});
        add(asked, static_cast<double>(u.requests), l);
        add(received, static_cast<double>(u.bytes), l);
        add(failed, static_cast<double>(u.errors), l);
    }
    for (auto* f : {&asked, &received, &failed, &revalidated})
        all.push_back(std::move(*f));
    all.push_back(upstream_first_byte(t));
}

// One line for each state, of which one is 1: how Prometheus likes enumerations.
void add_endpoints(std::vector<MetricFamily>& all, stats_report const& r) {
    auto breaker =
        family("layerd_upstream_breaker_state",
               "1 for the state of an endpoint's circuit breaker: it is not asked while open.", MetricType::Gauge);
    auto limited = family("layerd_upstream_limited_seconds",
                          "How long an endpoint still wants to be left alone (429, Retry-After).", MetricType::Gauge);
    auto limit =
        family("layerd_upstream_ratelimit_limit",
               "Pulls that an endpoint allows in a window of time; absent like what remains.", MetricType::Gauge);
    auto left = family("layerd_upstream_ratelimit_remaining",
                       "Pulls that are left in an endpoint's window, as last heard; absent once that window is over.",
                       MetricType::Gauge);
    for (auto const& [name, endpoints] : r.endpoints)
        for (auto const& e : endpoints) {
            labels const l{{"upstream", name}, {"endpoint", e.url}};
            for (auto const s : {breaker_state::closed, breaker_state::open, breaker_state::half_open}) {
                auto with_state = l;
                with_state.push_back({"state", std::string(to_string(s))});
                add(breaker, e.breaker == s ? 1 : 0, std::move(with_state));
            }
            add(limited, static_cast<double>(e.limited_for.count()), l);
            if (!e.budget)
                continue;
            add(limit, static_cast<double>(e.budget->limit), l);
            add(left, static_cast<double>(e.budget->remaining), l);
        }
    for (auto* f : {&breaker, &limited, &limit, &left})
        if (!f->metric.empty())
            all.push_back(std::move(*f));
}

void add_alerts(std::vector<MetricFamily>& all, stats_report const& r) {
    auto firing = family("layerd_alert_firing", "1 while an alert of the configuration holds.", MetricType::Gauge);
    for (auto const& a : r.alerts)
        add(firing, a.status.state == alert_state::firing ? 1 : 0, {{"alert", a.config.name}});
    if (!firing.metric.empty())
        all.push_back(std::move(firing));
}

void add_certificates(std::vector<MetricFamily>& all, stats_report const& r) {
    auto expiry =
        family("layerd_tls_certificate_expiry_timestamp_seconds",
               "Unix time at which a certificate that is shown to clients expires, by its file.", MetricType::Gauge);
    for (auto const& [file, at] : r.certificate_expiry)
        add(expiry, static_cast<double>(at), {{"file", file}});
    if (!expiry.metric.empty())
        all.push_back(std::move(expiry));
}

void add_pools(std::vector<MetricFamily>& all, store::usage const& u) {
    auto objects = family("layerd_store_pool_objects", "Objects that may be evicted, by pool.", MetricType::Gauge);
    auto bytes =
        family("layerd_store_pool_bytes", "What objects that may be evicted take on disk, by pool.", MetricType::Gauge);
    for (std::size_t i = 0; i < store::pool_count; ++i) {
        labels const l{{"pool", std::string(to_string(static_cast<store::pool>(i)))}};
        add(objects, static_cast<double>(u.pools[i].objects), l);
        add(bytes, static_cast<double>(u.pools[i].bytes), l);
    }
    all.push_back(std::move(objects));
    all.push_back(std::move(bytes));
}

void add_evictions(std::vector<MetricFamily>& all, store::usage const& u) {
    auto objects = family("layerd_evicted_objects_total", "Objects removed from the store, by what asked for it.",
                          MetricType::Counter);
    auto bytes = family("layerd_evicted_bytes_total",
                        "What objects removed from the store took on disk, by what asked for it.", MetricType::Counter);
    for (std::size_t i = 0; i < store::gc_reason_count; ++i) {
        labels const l{{"reason", std::string(to_string(static_cast<store::gc_reason>(i)))}};
        add(objects, static_cast<double>(u.evicted[i].objects), l);
        add(bytes, static_cast<double>(u.evicted[i].bytes), l);
    }
    all.push_back(std::move(objects));
    all.push_back(std::move(bytes));
    auto const counter = [&](char const* name, char const* help, std::uint64_t value) {
        all.push_back(single(name, help, MetricType::Counter, static_cast<double>(value)));
    };
    counter("layerd_returned_objects_total",
            "Objects stored again that had gone for want of space not long ago: twice the space would have kept them.",
            u.returned.objects);
    counter("layerd_returned_bytes_total", "What these objects take on disk.", u.returned.bytes);
}

void add_store(std::vector<MetricFamily>& all, stats_report const& r) {
    auto const gauge = [&](char const* name, char const* help, std::uint64_t value) {
        all.push_back(single(name, help, MetricType::Gauge, static_cast<double>(value)));
    };
    gauge("layerd_store_objects", "Pieces of content in the store.", r.store.objects);
    gauge("layerd_store_bytes", "What the store takes on disk, transfers in flight and index included.",
          r.store.disk_bytes);
    gauge("layerd_store_limit_bytes", "What the store may take (keep_storage); 0 without a limit.", r.limit_bytes);
    gauge("layerd_store_reserved_bytes", "Space promised to running transfers and not yet written.",
          r.store.reserved_bytes);
    gauge("layerd_store_logical_bytes", "What the repositories would take without deduplication.",
          r.store.logical_bytes);
    gauge("layerd_store_dedup_saved_bytes", "Bytes not stored because another repository has them too.",
          r.dedup_saved_bytes());
    add_pools(all, r.store);
    add_evictions(all, r.store);
}

MetricFamily refusals(stats_totals const& t) {
    auto f = family("layerd_limit_refusals_total",
                    "Connections and requests refused or ended, by the limit that they met.", MetricType::Counter);
    for (std::size_t i = 1; i < limit_count; ++i)
        add(f, static_cast<double>(t.refused[i]), {{"limit", std::string(limit_names[i])}});
    return f;
}

} // namespace

std::string metrics_text(stats_report const& r) {
    auto const& t = r.since_start;
    std::vector<MetricFamily> all;
    auto const counter = [&](char const* name, char const* help, std::uint64_t value) {
        all.push_back(single(name, help, MetricType::Counter, static_cast<double>(value)));
    };
    auto info = family("layerd_build_info", "The version that runs; always 1.", MetricType::Gauge);
    add(info, 1, {{"version", LAYERD_VERSION}});
    all.push_back(std::move(info));
    all.push_back(single("layerd_uptime_seconds", "Time since this process started.", MetricType::Gauge,
                         static_cast<double>(r.uptime_seconds)));
    all.push_back(requests(t));
    all.push_back(first_byte(t));
    counter("layerd_served_bytes_total", "Body bytes sent to clients.", t.bytes_served);
    counter("layerd_served_from_cache_bytes_total", "Body bytes sent to clients that were in the store when asked for.",
            t.bytes_from_cache);
    counter("layerd_pushed_bytes_total", "Bytes of blobs and manifests that clients pushed.", t.bytes_pushed);
    counter("layerd_unstored_blobs_total", "Blobs passed through without being stored, because there was no room.",
            t.unstored);
    counter("layerd_connections_total", "Connections accepted.", t.connections);
    counter("layerd_refused_requests_total", "Requests refused before they had a path: malformed or ambiguous.",
            t.bad_requests);
    counter("layerd_failed_handshakes_total", "Connections that ended before TLS was agreed on.", t.bad_handshakes);
    counter("layerd_failed_logins_total", "Passwords and tokens that were wrong or over.", t.failed_logins);
    counter("layerd_denied_requests_total", "Requests that the access rules did not allow.", t.denied);
    counter("layerd_turned_away_connections_total", "Connections answered 503 because there were too many.",
            t.turned_away);
    counter("layerd_overloaded_requests_total", "Requests answered 503 because too much was under way.", t.overloaded);
    all.push_back(refusals(t));
    all.push_back(single("layerd_connections_open", "Connections open now.", MetricType::Gauge,
                         static_cast<double>(r.open_connections)));
    all.push_back(single("layerd_fills_running", "Downloads from upstream running now.", MetricType::Gauge,
                         static_cast<double>(r.running_fills)));
    counter("layerd_prefetched_blobs_total", "Downloads of blobs begun before a client asked.", r.prefetched);
    counter("layerd_prefetched_blobs_used_total",
            "Blobs that a client asked for after their download had begun by itself.", r.prefetch_used);
    all.push_back(single("layerd_uploads_open", "Blob upload sessions under way.", MetricType::Gauge,
                         static_cast<double>(r.uploads)));
    add_upstreams(all, t);
    add_endpoints(all, r);
    add_store(all, r);
    add_alerts(all, r);
    add_certificates(all, r);
    auto const& i = r.integrity;
    counter("layerd_scrubbed_objects_total", "Objects read again and compared with their digest or block sums.",
            i.scrub.objects_checked);
    counter("layerd_scrubbed_bytes_total", "Bytes read again and compared.", i.scrub.bytes_checked);
    counter("layerd_scrub_passes_total", "Times that the whole store was read again.", i.scrub.passes_completed);
    counter("layerd_rotten_objects_total", "Objects whose bytes had changed or gone on disk: alert on any.",
            i.scrub.rotten);
    counter("layerd_integrity_failures_total",
            "Checks of the store that failed, and damage that could not be mended: alert on any.", i.failures);
    counter("layerd_orphan_files_removed_total", "Files without a row, removed after the start.", i.orphans_removed);
    counter("layerd_rows_dropped_total", "Objects whose file was missing after the start.", i.rows_dropped);
    all.push_back(single("layerd_quarantine_bytes", "What rotten files take that were kept for a look.",
                         MetricType::Gauge, static_cast<double>(i.quarantined_bytes)));
    return prometheus::TextSerializer().Serialize(all);
}

} // namespace proxy
