// Garbage collection as the server runs it: now and then by itself, and when an operator asks; one run at a time, each
// a line in the log.
#pragma once

#include "proxy/error.h"
#include "store/content_store.h"

#include <boost/json/object.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace proxy {

class collector {
public:
    explicit collector(store::content_store& content) : content_(content) {} // which must outlive this

    // Any thread; blocks until it is done. Nothing if a run is under way.
    // `hosted`: also what no tag leads to, for which all links of hosted repositories are read.
    std::optional<store::gc_report> run(bool dry_run, bool hosted = true);
    // A run that is under way ends soon, and no other begins.
    void stop() { stop_.request_stop(); }

    struct progress {
        bool running = false;
        std::size_t done = 0; // objects
        std::size_t of = 0;
        std::uint64_t runs = 0;         // ended since the start, dry ones not counted
        std::int64_t last_ended_at = 0; // of these; Unix seconds, 0: none
        std::string last_summary;
    };
    progress state() const;

private:
    store::content_store& content_;
    std::stop_source stop_;
    std::mutex running_;
    std::atomic<bool> is_running_ = false;
    std::atomic<std::size_t> done_ = 0;
    std::atomic<std::size_t> of_ = 0;
    std::atomic<std::uint64_t> runs_ = 0;
    mutable std::mutex last_; // guards the two below
    std::int64_t last_ended_at_ = 0;
    std::string last_summary_;
};

// As the admin API shows them.
boost::json::object to_json(store::gc_report const& r);
boost::json::object to_json(collector::progress const& p);

// "removed 12 objects, 1.5GiB (policy: 10 objects, 1.2GiB; keep_storage: 2 objects, 300MiB)"
std::string summary(store::gc_report const& r);

} // namespace proxy
