// The numbers that alerts are about, taken from where they are counted. A restart changes none of them.
#pragma once

#include "proxy/alert/alert_rule.h"
#include "proxy/pull/upstream_set.h"
#include "proxy/stats/history.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proxy {

class alert_values {
public:
    // All must outlive it. `store` is where the disk is looked at.
    alert_values(history const& past, upstream_set const& upstreams, std::filesystem::path store)
        : past_(past), upstreams_(upstreams), store_(std::move(store)) {}

    // Nothing where there is nothing to say: too few requests, no limit, no answer. Blocks; any thread.
    std::optional<double> value(alert_config const& c, std::int64_t now) const;

    // The upstreams of which no endpoint can be asked. Any thread.
    std::vector<std::string> open_upstreams() const;

    // Before all else: those that were so when an earlier run ended. They are still, until they answer: a start says
    // nothing about them.
    void were_open(std::vector<std::string> names) { were_open_ = std::move(names); }

private:
    std::optional<traffic> recent(alert_config const& c, std::int64_t now) const;
    std::optional<double> ratio(alert_config const& c, std::int64_t now) const;
    std::optional<double> disk_free() const;
    std::optional<double> rate_budget() const;

    history const& past_;
    upstream_set const& upstreams_;
    std::filesystem::path store_;
    std::vector<std::string> were_open_;
};

} // namespace proxy
