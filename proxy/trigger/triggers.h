// The [[trigger]] sections at work: looks once a second which are due, runs them beside everything else, and remembers
// what became of it, also over a restart.
#pragma once

#include "proxy/trigger/trigger_clock.h"
#include "proxy/trigger/trigger_work.h"

#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace proxy {

struct trigger_status {
    std::string name;
    std::string when; // "every 4m", "at 03:30"
    bool running = false;
    std::int64_t last_run = 0; // Unix seconds; 0: never
    std::int64_t last_end = 0;
    bool last_ok = true;
    std::string last_result;
    std::int64_t next_run = 0;
};

// Any thread.
class triggers {
public:
    // `parts` and `work` must outlive this. Runs are on `w`. Blocks for what earlier lives have left.
    triggers(server_parts const& parts, trigger_work& work, worker& w, std::vector<trigger_config> const& sections);

    // Other sections from now on; those whose name stays go on where they were. What runs is not interrupted.
    void set(std::vector<trigger_config> const& sections);

    // To be called about once a second; starts what is due.
    void tick();

    void stop();

    std::vector<trigger_status> list() const;

private:
    struct record; // of one trigger, whatever the configuration says of it
    struct entry;
    using entry_ptr = std::shared_ptr<entry>;

    task<void> run(entry_ptr e);
    seen_tags seen_by(entry const& e) const;
    void end(entry& e, trigger_outcome outcome);
    void save() const; // blocks
    void restore();    // blocks

    server_parts const& parts_;
    trigger_work& work_;
    worker& worker_;
    mutable std::mutex mutex_; // guards all below
    bool stopping_ = false;
    std::map<std::string, std::shared_ptr<record>> records_; // by name
    std::vector<entry_ptr> entries_;                         // as configured
};

boost::json::object to_json(trigger_status const& s);

} // namespace proxy
