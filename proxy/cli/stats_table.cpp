#include "proxy/cli/stats_table.h"

#include "proxy/cli/text_table.h"
#include "proxy/json_fields.h"
#include "proxy/stats/units.h"

#include <fmt/format.h>

namespace proxy {
namespace {

namespace json = boost::json;
std::string words(json::object const& from, field_path names) {
    auto const text = text_at(from, names);
    return text.empty() ? "-" : printable(text);
}

std::string count(json::object const& from, field_path names) {
    auto const n = number_at<std::int64_t>(from, names);
    return n ? grouped(*n) : "-";
}

std::string bytes(json::object const& from, field_path names) {
    auto const n = number_at<std::int64_t>(from, names);
    return n ? human_bytes(*n) : "-";
}

std::string share(json::object const& from, field_path names) {
    auto const n = number_at<double>(from, names);
    return n ? percent(*n) : "-";
}

std::string requests(json::object const& document) {
    text_table t;
    t.row({"requests", "hit", "miss", "collapsed", "stale", "error"});
    for (std::string_view kind : {"manifest", "blob"}) {
        auto const cell = [&](std::string_view outcome) { return count(document, {"requests", kind, outcome}); };
        t.row({"  " + std::string(kind), cell("hit"), cell("miss"), cell("collapsed"), cell("stale"), cell("error")});
    }
    return t.text();
}

std::string transfer(json::object const& document) {
    text_table t(2);
    t.row({"hit ratio", share(document, {"hit_ratio", "requests"}), "of requests"});
    t.row({"", share(document, {"hit_ratio", "bytes"}), "of bytes"});
    t.row({"served", bytes(document, {"bytes", "served"})});
    t.row({"  from cache", bytes(document, {"bytes", "from_cache"})});
    t.row({"from upstream", bytes(document, {"bytes", "from_upstream"})});
    t.row({"network savings", bytes(document, {"network_savings", "bytes"}),
           share(document, {"network_savings", "ratio"})});
    if (number_at<std::int64_t>(document, {"bytes", "pushed"}).value_or(0) > 0)
        t.row({"pushed", bytes(document, {"bytes", "pushed"})});
    return t.text();
}

// Whatever asked for it, and of that what went because there was no room for something else.
struct removed {
    std::int64_t objects = 0, bytes = 0, for_room = 0;
};

removed removed_objects(json::object const& document) {
    removed all;
    static json::object const none;
    auto const* reasons = find_object(document, {"store", "evicted"});
    for (auto const& [reason, value] : reasons != nullptr ? *reasons : none) {
        auto const& sum = value.is_object() ? value.get_object() : none;
        auto const n = count_at(sum, "objects");
        all.objects += n;
        all.bytes += count_at(sum, "bytes");
        all.for_room += reason == "keep_storage" || reason == "min_free_space" ? n : 0;
    }
    return all;
}

std::string store(json::object const& document) {
    auto const used = number_at<double>(document, {"store", "bytes"});
    auto const limit = number_at<double>(document, {"store", "limit_bytes"});
    bool const limited = used && limit && *limit > 0;
    text_table t(2);
    t.row({"store", bytes(document, {"store", "bytes"}),
           limited ? fmt::format("of {}, {}", bytes(document, {"store", "limit_bytes"}), percent(*used / *limit))
                   : "no limit",
           count(document, {"store", "objects"}) + " objects"});
    t.row({"dedup savings", bytes(document, {"store", "dedup_savings_bytes"}),
           fmt::format("of {}, {}", bytes(document, {"store", "logical_bytes"}),
                       share(document, {"store", "dedup_savings_ratio"}))});
    if (auto const gone = removed_objects(document); gone.objects > 0)
        t.row({"removed", human_bytes(gone.bytes),
               fmt::format("{} objects, {} of them to make room", grouped(gone.objects), grouped(gone.for_room))});
    if (auto const n = number_at<std::int64_t>(document, {"requests", "blob", "unstored"}).value_or(0); n > 0)
        t.row({"no room for", grouped(n), "blobs, passed through unstored"});
    return t.text();
}

std::string rate_limit(json::object const& upstream) {
    auto const remaining = number_at<std::int64_t>(upstream, {"ratelimit", "remaining"});
    auto const limit = number_at<std::int64_t>(upstream, {"ratelimit", "limit"});
    return remaining && limit ? fmt::format("{} of {} left", grouped(*remaining), grouped(*limit)) : "-";
}

std::string upstreams(json::object const& document) {
    auto const* all = find_object(document, {"upstreams"});
    if (all == nullptr || all->empty())
        return "";
    text_table t;
    t.row({"upstream", "requests", "received", "errors", "breaker", "rate limit"});
    for (auto const& [name, value] : *all) {
        static json::object const none;
        auto const& u = value.is_object() ? value.get_object() : none;
        t.row({"  " + printable(name), count(u, {"requests"}), bytes(u, {"bytes"}), count(u, {"errors"}),
               words(u, {"breaker"}), rate_limit(u)});
    }
    return t.text();
}

} // namespace

std::string stats_table(json::object const& document, std::string_view from) {
    auto const up = number_at<std::int64_t>(document, {"uptime_seconds"});
    auto text =
        fmt::format("layerd {} at {}, up {}\n\n", words(document, {"version"}), from, up ? human_duration(*up) : "-");
    text += requests(document) + '\n' + transfer(document) + '\n' + store(document);
    auto const lines = upstreams(document);
    return lines.empty() ? text : text + '\n' + lines;
}

} // namespace proxy
