#include "proxy/stats/stats.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace proxy {

namespace {

namespace json = boost::json;

// The names by which totals are saved; a name that is missing in an older save reads as zero.
constexpr std::string_view requests_key = "requests";
constexpr std::string_view first_byte_key = "first_byte";
constexpr std::string_view upstreams_key = "upstreams";

std::uint64_t number(json::object const& from, std::string_view name) {
    auto const* v = from.if_contains(name);
    if (!v)
        return 0;
    boost::system::error_code ec;
    auto const n = v->to_number<std::uint64_t>(ec);
    return ec ? 0 : n;
}

json::object const* child(json::object const& from, std::string_view name) {
    auto const* v = from.if_contains(name);
    return v ? v->if_object() : nullptr;
}

json::object save_requests(stats_totals const& t) {
    json::object all;
    for (std::size_t c = 0; c < content_class_count; ++c) {
        json::object of_class;
        for (std::size_t o = 0; o < outcome_count; ++o)
            of_class[to_string(static_cast<outcome>(o))] = t.requests[c][o];
        all[to_string(static_cast<content_class>(c))] = std::move(of_class);
    }
    return all;
}

void restore_requests(stats_totals& t, json::object const& all) {
    for (std::size_t c = 0; c < content_class_count; ++c) {
        auto const* of_class = child(all, to_string(static_cast<content_class>(c)));
        if (!of_class)
            continue;
        for (std::size_t o = 0; o < outcome_count; ++o)
            t.requests[c][o] = number(*of_class, to_string(static_cast<outcome>(o)));
    }
}

void restore_latencies(stats_totals& t, json::object const& from) {
    auto const* v = from.if_contains(first_byte_key);
    auto const* buckets = v ? v->if_array() : nullptr;
    if (!buckets)
        return;
    for (std::size_t i = 0; i < latency_buckets && i < buckets->size(); ++i) {
        boost::system::error_code ec;
        auto const n = (*buckets)[i].to_number<std::uint64_t>(ec);
        t.first_byte[i] = ec ? 0 : n;
    }
}

} // namespace

std::string_view to_string(outcome o) noexcept {
    switch (o) {
    case outcome::hit:
        return "hit";
    case outcome::miss:
        return "miss";
    case outcome::collapsed:
        return "collapsed";
    case outcome::stale:
        return "stale";
    case outcome::error:
        return "error";
    case outcome::pass:
        return "pass";
    }
    return "";
}

std::string_view to_string(content_class c) noexcept {
    switch (c) {
    case content_class::manifest:
        return "manifest";
    case content_class::blob:
        return "blob";
    case content_class::other:
        return "other";
    }
    return "";
}

std::uint64_t stats_totals::bytes_from_upstream() const noexcept {
    std::uint64_t sum = 0;
    for (auto const& [name, u] : upstreams)
        sum += u.bytes;
    return sum;
}

stats::stats(std::size_t threads) : started_(std::chrono::steady_clock::now()), threads_(threads) {}

upstream_counters& stats::upstream(std::string const& name) {
    auto const [at, is_new] = upstreams_.try_emplace(name);
    if (is_new)
        at->second.name = name;
    return at->second;
}

std::chrono::seconds stats::uptime() const noexcept {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
}

stats_totals stats::totals() const {
    auto sum = earlier_;
    add_to(sum);
    return sum;
}

stats_totals stats::since_start() const {
    stats_totals sum;
    add_to(sum);
    return sum;
}

void stats::add_to(stats_totals& sum) const {
    for (auto const& t : threads_) {
        for (std::size_t c = 0; c < content_class_count; ++c)
            for (std::size_t o = 0; o < outcome_count; ++o)
                sum.requests[c][o] += t.requests[c][o].get();
        for (std::size_t i = 0; i < latency_buckets; ++i)
            sum.first_byte[i] += t.first_byte[i].get();
        sum.bytes_served += t.bytes_served.get();
        sum.bytes_from_cache += t.bytes_from_cache.get();
        sum.bytes_pushed += t.bytes_pushed.get();
        sum.unstored += t.unstored.get();
        sum.connections += t.connections.get();
        sum.bad_requests += t.bad_requests.get();
        sum.bad_handshakes += t.bad_handshakes.get();
        sum.failed_logins += t.failed_logins.get();
        sum.denied += t.denied.get();
        sum.turned_away += t.turned_away.get();
        sum.overloaded += t.overloaded.get();
        for (std::size_t i = 0; i < limit_count; ++i)
            sum.refused[i] += t.refused[i].get();
        sum.latency_sum_us += t.latency_sum_us.get();
    }
    for (auto const& [name, u] : upstreams_) {
        auto& of = sum.upstreams[name];
        of.requests += u.requests.load(std::memory_order_relaxed);
        of.bytes += u.bytes.load(std::memory_order_relaxed);
        of.errors += u.errors.load(std::memory_order_relaxed);
        of.revalidations_unchanged += u.revalidations_unchanged.load(std::memory_order_relaxed);
        of.revalidations_moved += u.revalidations_moved.load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < latency_histogram::bucket_count; ++i)
            of.first_byte.counts[i] += u.first_byte[i].load(std::memory_order_relaxed);
        of.first_byte_sum_us += u.first_byte_sum_us.load(std::memory_order_relaxed);
    }
}

std::string stats::save() const {
    auto const t = totals();
    json::object doc;
    doc[requests_key] = save_requests(t);
    doc["bytes_served"] = t.bytes_served;
    doc["bytes_from_cache"] = t.bytes_from_cache;
    doc["bytes_pushed"] = t.bytes_pushed;
    doc["unstored"] = t.unstored;
    doc["connections"] = t.connections;
    doc["bad_requests"] = t.bad_requests;
    doc["bad_handshakes"] = t.bad_handshakes;
    doc["failed_logins"] = t.failed_logins;
    doc["denied"] = t.denied;
    doc["turned_away"] = t.turned_away;
    doc["overloaded"] = t.overloaded;
    json::object refused;
    for (std::size_t i = 1; i < limit_count; ++i)
        refused[limit_names[i]] = t.refused[i];
    doc["refused"] = std::move(refused);
    doc["latency_sum_us"] = t.latency_sum_us;
    doc[first_byte_key] = json::array(t.first_byte.begin(), t.first_byte.end());
    json::object upstreams;
    for (auto const& [name, u] : t.upstreams)
        upstreams[name] = json::object{{"requests", u.requests}, {"bytes", u.bytes}, {"errors", u.errors}};
    doc[upstreams_key] = std::move(upstreams);
    return json::serialize(doc);
}

void stats::restore(std::string_view saved) {
    boost::system::error_code ec;
    auto const parsed = json::parse(saved, ec);
    auto const* doc = ec ? nullptr : parsed.if_object();
    if (!doc)
        return;
    stats_totals t;
    if (auto const* requests = child(*doc, requests_key))
        restore_requests(t, *requests);
    t.bytes_served = number(*doc, "bytes_served");
    t.bytes_from_cache = number(*doc, "bytes_from_cache");
    t.bytes_pushed = number(*doc, "bytes_pushed");
    t.unstored = number(*doc, "unstored");
    t.connections = number(*doc, "connections");
    t.bad_requests = number(*doc, "bad_requests");
    t.bad_handshakes = number(*doc, "bad_handshakes");
    t.failed_logins = number(*doc, "failed_logins");
    t.denied = number(*doc, "denied");
    t.turned_away = number(*doc, "turned_away");
    t.overloaded = number(*doc, "overloaded");
    if (auto const* refused = child(*doc, "refused"))
        for (std::size_t i = 1; i < limit_count; ++i)
            t.refused[i] = number(*refused, limit_names[i]);
    t.latency_sum_us = number(*doc, "latency_sum_us");
    restore_latencies(t, *doc);
    if (auto const* upstreams = child(*doc, upstreams_key))
        for (auto const& member : *upstreams)
            if (auto const* u = member.value().if_object())
                t.upstreams[std::string(member.key())] = {number(*u, "requests"), number(*u, "bytes"),
                                                          number(*u, "errors")};
    earlier_ = std::move(t);
}

} // namespace proxy
