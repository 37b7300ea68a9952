#include "proxy/alert/alert_watch.h"

#include "proxy/json_fields.h"
#include "proxy/stats/traffic_json.h"

#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

namespace proxy {
namespace {

// Which alert was told, and what it was about then.
boost::json::object identity(alert_config const& c) {
    return {{"name", c.name},
            {"metric", to_string(c.metric)},
            {"below", number_or_null(c.below)},
            {"above", number_or_null(c.above)}};
}

} // namespace

alert_watch::alert_watch(std::vector<alert_config> const& rules, alert_values values,
                         std::function<void(alert_message const&)> tell)
    : values_(std::move(values)), tell_(std::move(tell)), rules_(rules.begin(), rules.end()) {}

std::string alert_watch::save() const {
    boost::json::array told;
    for (auto const& a : alerts())
        if (a.status.state == alert_state::firing)
            told.push_back({{"alert", identity(a.config)}, {"since", a.status.since}});
    boost::json::array gone;
    for (auto const& name : values_.open_upstreams())
        gone.emplace_back(name);
    return boost::json::serialize(boost::json::object{{"told", std::move(told)}, {"gone", std::move(gone)}});
}

void alert_watch::restore(std::string_view saved) {
    auto const all = parse_object(saved);
    if (!all)
        return;
    std::vector<std::string> gone;
    for (auto const& name : list_at(*all, {"gone"}))
        if (name.is_string())
            gone.emplace_back(name.get_string());
    values_.were_open(std::move(gone));
    std::lock_guard const lock(mutex_);
    for (auto const& t : list_at(*all, {"told"})) {
        auto const* o = t.if_object();
        auto const* alert = o ? find_object(*o, {"alert"}) : nullptr;
        if (!alert)
            continue;
        for (auto& rule : rules_)
            if (*alert == identity(rule.config()))
                rule.was_told(count_at(*o, "since"));
    }
}

bool alert_watch::step(std::int64_t now) {
    constexpr std::int64_t every = 10;
    if (now >= looked_at_ && now < looked_at_ + every)
        return false;
    looked_at_ = now;
    for (auto& rule : rules_) { // their number and configuration never change
        auto const value = values_.value(rule.config(), now);
        std::optional<alert_message> message;
        {
            std::lock_guard const lock(mutex_);
            message = rule.update(value, now);
        }
        if (!message)
            continue;
        spdlog::log(message->resolved ? spdlog::level::info : spdlog::level::warn, "alert {}", message->text);
        tell_(*message);
    }
    return true;
}

std::vector<alert_watch::shown> alert_watch::alerts() const {
    std::lock_guard const lock(mutex_);
    std::vector<shown> all;
    for (auto const& r : rules_)
        all.push_back({r.config(), r.status()});
    return all;
}

boost::json::array to_json(std::vector<alert_watch::shown> const& alerts) {
    boost::json::array list;
    for (auto const& a : alerts) {
        boost::json::object o{{"name", a.config.name},
                              {"metric", to_string(a.config.metric)},
                              {"state", to_string(a.status.state)},
                              {"since", a.status.since},
                              {"value", number_or_null(a.status.value)}};
        if (a.config.below)
            o["below"] = *a.config.below;
        else
            o["above"] = a.config.above.value_or(0);
        list.push_back(std::move(o));
    }
    return list;
}

} // namespace proxy
