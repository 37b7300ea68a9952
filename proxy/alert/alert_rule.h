// When an operator is told: a number that was too high or too low for a time, and when it is all right again.
//
// Pure: values and times are arguments. What is told once is told once: a rule speaks when it begins to hold and when
// it ceases, however often it is asked in between.
#pragma once

#include "proxy/config/config.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

std::string_view to_string(alert_metric m) noexcept; // as in the configuration: "hit_ratio", …
std::string_view unit_of(alert_metric m) noexcept;   // "ratio" or "count"

enum class alert_state : std::uint8_t { quiet, pending, firing };
std::string_view to_string(alert_state s) noexcept;

// What an alert is about at one moment.
struct alert_status {
    alert_state state = alert_state::quiet;
    std::int64_t since = 0;      // when it became so; Unix seconds
    std::optional<double> value; // as last seen
};

// Something to tell.
struct alert_message {
    bool resolved = false;
    std::string name;
    std::string text; // a line for people
    std::int64_t at = 0;
    double value = 0;
};

class alert_rule {
public:
    explicit alert_rule(alert_config c) : config_(std::move(c)) {}

    // Takes a new value in; gives what is to be told, if anything. Without a value nothing can be said: a server
    // that nobody uses has no hit ratio. What has been told stands until there is one; what was on its way begins anew.
    std::optional<alert_message> update(std::optional<double> value, std::int64_t now);

    // Before the first update: an earlier run has told it, and not yet that it is over.
    void was_told(std::int64_t since) noexcept { become(alert_state::firing, since); }

    alert_status const& status() const noexcept { return status_; }
    alert_config const& config() const noexcept { return config_; }

private:
    bool is_bad(double value) const noexcept;
    void become(alert_state s, std::int64_t now) noexcept;
    alert_message message(bool resolved, double value, std::int64_t now) const;

    alert_config config_;
    alert_status status_;
};

// "hit_ratio is 42.0 %, below 50.0 %"
std::string describe(alert_config const& c, double value);

} // namespace proxy
