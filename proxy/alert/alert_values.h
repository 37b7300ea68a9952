// The numbers that alerts are about, taken from where they are counted. Blocks.
#pragma once

#include "proxy/alert/alert_rule.h"
#include "proxy/gc/integrity_watch.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/stats/history.h"
#include "proxy/stats/stats.h"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <utility>

namespace proxy {

// One thread.
class alert_values {
public:
    // All must outlive it. `store` is where the disk is looked at.
    alert_values(history const& past, stats const& counts, integrity_watch const& integrity,
                 upstream_set const& upstreams, std::filesystem::path store)
        : past_(past), counts_(counts), integrity_(integrity), upstreams_(upstreams), store_(std::move(store)) {}

    // Nothing where there is nothing to say: too few requests, no limit, no answer.
    std::optional<double> value(alert_config const& c, std::int64_t now);

private:
    // A counter that only grows, as it was at several times: what was added within a while.
    class growth {
    public:
        double within(std::uint64_t total, std::int64_t seconds, std::int64_t now);

    private:
        std::deque<std::pair<std::int64_t, std::uint64_t>> seen_; // one a minute, of two days
    };

    std::optional<traffic> recent(alert_config const& c, std::int64_t now) const;
    std::optional<double> disk_free() const;
    std::optional<double> rate_budget() const;
    double open_upstreams() const;

    history const& past_;
    stats const& counts_;
    integrity_watch const& integrity_;
    upstream_set const& upstreams_;
    std::filesystem::path store_;
    growth unstored_, failures_;
};

} // namespace proxy
