#include "proxy/trigger/triggers.h"

#include "proxy/json_fields.h"
#include "proxy/runtime/jitter.h"
#include "proxy/runtime/spawn.h"

#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace proxy {

namespace {

namespace json = boost::json;

constexpr char const* saved_name = "triggers";
constexpr std::size_t longest_result = 2000;

std::string when(trigger_config const& c) {
    if (c.at)
        return fmt::format("at {:02}:{:02}", c.at->count() / 60, c.at->count() % 60);
    return "every " + to_string(std::chrono::milliseconds(c.every));
}

bool asks_upstream(trigger_config const& c) {
    return !c.warm.empty() || !c.on_move.empty() || c.keep_fresh > 0;
}

} // namespace

struct triggers::record {
    std::int64_t mark = 0; // trigger_clock's
    std::int64_t last_run = 0;
    std::int64_t last_end = 0;
    bool last_ok = true;
    std::string last_result;
    seen_tags seen;

    json::object to_json() const {
        json::object tags;
        for (auto const& [name, digest] : seen)
            tags[name] = digest;
        return {{"mark", mark},       {"last_run", last_run},       {"last_end", last_end},
                {"last_ok", last_ok}, {"last_result", last_result}, {"seen", std::move(tags)}};
    }

    explicit record(json::object const& o)
        : mark(count_at(o, "mark")), last_run(count_at(o, "last_run")), last_end(count_at(o, "last_end")),
          last_result(text_at(o, {"last_result"})) {
        auto const* ok = find_field(o, {"last_ok"});
        last_ok = !ok || *ok != false;
        if (auto const* tags = find_object(o, {"seen"}))
            for (auto const& [name, digest] : *tags)
                if (digest.is_string())
                    seen[std::string(name)] = std::string(digest.get_string());
    }
};

struct triggers::entry {
    trigger_config what;
    std::shared_ptr<record> past;
    trigger_clock clock;
    bool running = false;

    entry(trigger_config c, std::shared_ptr<record> r, std::int64_t now)
        : what(std::move(c)), past(std::move(r)),
          clock({what.at, what.every}, past->mark, now, asks_upstream(what) ? spread() : 0) {}
};

triggers::triggers(server_parts const& parts, trigger_work& work, worker& w,
                   std::vector<trigger_config> const& sections)
    : parts_(parts), work_(work), worker_(w) {
    restore();
    set(sections);
}

void triggers::set(std::vector<trigger_config> const& sections) {
    std::lock_guard lock(mutex_);
    std::vector<entry_ptr> made;
    for (auto const& c : sections) {
        auto const same = std::find_if(entries_.begin(), entries_.end(), [&](auto const& e) { return e->what == c; });
        if (same != entries_.end()) {
            made.push_back(*same);
            continue;
        }
        auto& past = records_[c.name];
        if (!past)
            past = std::make_shared<record>(json::object());
        made.push_back(std::make_shared<entry>(c, past, parts_.now()));
    }
    entries_ = std::move(made);
}

void triggers::tick() {
    std::vector<entry_ptr> due;
    auto const now = parts_.now();
    {
        std::lock_guard lock(mutex_);
        if (stopping_)
            return;
        for (auto const& e : entries_) {
            if (e->running || !e->clock.is_due(now))
                continue;
            e->running = true;
            e->clock.begin(now);
            e->past->mark = e->clock.mark();
            e->past->last_run = now;
            due.push_back(e);
        }
    }
    for (auto const& e : due)
        spawn(worker_.executor(), "trigger", [this, e] { return run(e); });
}

task<void> triggers::run(entry_ptr e) {
    std::optional<trigger_outcome> outcome;
    auto const seen = seen_by(*e);
    try {
        auto done = co_await work_.run(worker_, e->what, seen);
        outcome.emplace(std::move(done));
    } catch (std::exception const& x) {
        outcome.emplace(trigger_outcome{false, x.what(), seen});
    }
    end(*e, *std::move(outcome));
    auto write = [this] {
        save();
        return true;
    };
    co_await on_disk(parts_.disk, write);
}

seen_tags triggers::seen_by(entry const& e) const {
    std::lock_guard lock(mutex_);
    return e.past->seen;
}

void triggers::end(entry& e, trigger_outcome outcome) {
    if (outcome.ok)
        spdlog::info("trigger {}: {}", e.what.name, outcome.text);
    else
        spdlog::warn("trigger {}: {}", e.what.name, outcome.text);
    std::lock_guard lock(mutex_);
    e.running = false;
    auto& past = *e.past;
    past.last_end = parts_.now();
    past.last_ok = outcome.ok;
    past.last_result = outcome.text.substr(0, longest_result);
    past.seen = std::move(outcome.seen);
}

void triggers::stop() {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.stop();
}

std::vector<trigger_status> triggers::list() const {
    std::lock_guard lock(mutex_);
    std::vector<trigger_status> all;
    for (auto const& e : entries_)
        all.push_back({e->what.name, when(e->what), e->running, e->past->last_run, e->past->last_end, e->past->last_ok,
                       e->past->last_result, e->clock.next()});
    return all;
}

// Of the configured ones alone: what was taken out of the file is forgotten.
void triggers::save() const {
    json::object all;
    {
        std::lock_guard lock(mutex_);
        for (auto const& e : entries_)
            all[e->what.name] = e->past->to_json();
    }
    auto const saved = parts_.content.index().put_value(saved_name, json::serialize(all));
    if (!saved)
        spdlog::warn("what triggers did is not saved: {}", saved.error().message);
}

void triggers::restore() {
    auto const saved = parts_.content.index().find_value(saved_name);
    auto const all = saved && *saved ? parse_object(**saved) : std::nullopt;
    if (!all)
        return;
    for (auto const& [name, value] : *all)
        if (value.is_object())
            records_[std::string(name)] = std::make_shared<record>(value.get_object());
}

json::object to_json(trigger_status const& s) {
    json::object o{{"name", s.name}, {"when", s.when}, {"running", s.running}, {"next_run", s.next_run}};
    o["last_run"] = nullptr;
    if (s.last_run != 0) {
        o["last_run"] = s.last_run;
        o["last_end"] = s.last_end;
        o["last_ok"] = s.last_ok;
        o["last_result"] = s.last_result;
    }
    return o;
}

} // namespace proxy
