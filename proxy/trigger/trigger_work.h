// What a trigger does when it is due, in this order: the hottest tags are asked about, tags that moved are warmed, then
// images, and garbage is collected. One thing that fails keeps none of the others from being done.
#pragma once

#include "proxy/config/config.h"
#include "proxy/gc/collector.h"
#include "proxy/pull/manifest_source.h"
#include "proxy/trigger/hot_tags.h"
#include "proxy/warm/refresh.h"
#include "proxy/warm/warmer.h"

#include <atomic>
#include <map>
#include <string>
#include <vector>

namespace proxy {

// What tags meant when they were warmed last, by the tag's name in full.
using seen_tags = std::map<std::string, std::string>;

struct trigger_outcome {
    bool ok = true;
    std::string text; // for the log and the admin API: "warmed 2 images, 12.0 MiB downloaded"
    seen_tags seen{}; // from now on
};

class trigger_work {
public:
    // All must outlive this.
    trigger_work(server_parts const& parts, manifest_source& manifests, warmer& images, collector& gc,
                 hot_tags const& hot)
        : parts_(parts), manifests_(manifests), warmer_(images), gc_(gc), hot_(hot) {}

    // Runs on `w`. Ends soon after stop().
    task<trigger_outcome> run(worker& w, trigger_config what, seen_tags seen) const;

    void stop() { stopping_ = true; }

private:
    using image_list = std::vector<named_image>;

    task<void> keep_fresh(worker& w, trigger_config const& what, trigger_outcome& to) const;
    task<void> warm_moved(worker& w, trigger_config const& what, seen_tags const& before, trigger_outcome& to) const;
    task<void> warm(trigger_config const& what, std::vector<std::string> const& images, trigger_outcome& to,
                    std::vector<std::string>* failed = nullptr) const;
    task<void> collect(trigger_outcome& to) const;
    result<named_image> find(std::string const& text) const;
    bool expires_before(named_image const& image, std::int64_t moment) const; // blocks

    server_parts const& parts_;
    manifest_source& manifests_;
    warmer& warmer_;
    collector& gc_;
    hot_tags const& hot_;
    std::atomic<bool> stopping_{false};
};

} // namespace proxy
