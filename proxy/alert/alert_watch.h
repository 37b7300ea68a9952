// Looks at every alert now and then, and tells of those that begin or end: the log, the webhook, whoever asks.
#pragma once

#include "proxy/alert/alert_rule.h"
#include "proxy/alert/alert_values.h"

#include <boost/json/array.hpp>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

class alert_watch {
public:
    // All must outlive it. `tell` is called on the thread that steps.
    alert_watch(std::vector<alert_config> const& rules, alert_values values,
                std::function<void(alert_message const&)> tell);

    // What has been told and is not over, and which upstreams are gone, for the next run: nothing is told twice, and
    // its end is told when it is seen. Any thread.
    std::string save() const;
    // Of rules that are the same as then; before the first step. What cannot be read is as if nothing had been told.
    void restore(std::string_view saved);

    // To be called every second by one thread; looks every ten, and says whether it did. Blocks.
    bool step(std::int64_t now);

    struct shown {
        alert_config config;
        alert_status status;
    };
    std::vector<shown> alerts() const; // any thread

private:
    alert_values values_;
    std::function<void(alert_message const&)> tell_;
    std::int64_t looked_at_ = 0;
    mutable std::mutex mutex_; // guards the rules
    std::vector<alert_rule> rules_;
};

// [{"name", "metric", "state", "since", "value", "below" or "above"}]
boost::json::array to_json(std::vector<alert_watch::shown> const& alerts);

} // namespace proxy
