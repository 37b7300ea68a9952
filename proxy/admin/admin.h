// The admin API: health, statistics, metrics, what runs and what is stored; what changes something is management's.
//
// Knows nothing of sockets; answers block (they read the index), so the listener calls it on the disk pool.
#pragma once

#include "proxy/admin/admin_message.h"
#include "proxy/admin/management.h"
#include "proxy/admin/write_check.h"
#include "proxy/alert/alert_watch.h"
#include "proxy/config/config.h"
#include "proxy/fill/fill_status.h"
#include "proxy/gc/integrity_watch.h"
#include "proxy/stats/history.h"
#include "proxy/stats/stats.h"
#include "proxy/stats/stats_report.h"
#include "store/content_store.h"

#include <boost/json/array.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace proxy {

class admin {
public:
    // All references must outlive this; the functions are called on any thread.
    admin(config const& c, stats const& s, store::content_store& content, management const& commands,
          integrity_watch const& integrity, upstream_set const& registries, history const& past,
          std::function<std::int64_t()> now, std::function<std::vector<alert_watch::shown>()> alerts,
          std::function<std::map<std::string, std::int64_t>()> certificate_expiry,
          std::function<std::vector<fill_status>()> fills, std::function<bool()> ready)
        : config_(c), stats_(s), content_(content), commands_(commands), integrity_(integrity), registries_(registries),
          past_(past), now_(std::move(now)), alerts_(std::move(alerts)),
          certificate_expiry_(std::move(certificate_expiry)), fills_(std::move(fills)), ready_(std::move(ready)),
          can_write_([&content] { return content.index().put_value("readiness", "ok"); }) {}

    // Any thread; may block.
    admin_response handle(admin_request const& r) const;

    // What happens now, for a page that is told every other second: {"stats", "upstreams", "fills", "gc", "alerts",
    // "problems"}. Likewise.
    std::string live() const;

private:
    stats_report report() const;
    admin_response readiness() const;
    admin_response from_history(admin_request const& r) const;
    boost::json::array upstreams() const;
    boost::json::array running_fills() const;
    admin_response images(oci::query const& q) const;

    config const& config_;
    stats const& stats_;
    store::content_store& content_;
    management const& commands_;
    integrity_watch const& integrity_;
    upstream_set const& registries_;
    history const& past_;
    std::function<std::int64_t()> now_; // Unix seconds
    std::function<std::vector<alert_watch::shown>()> alerts_;
    std::function<std::map<std::string, std::int64_t>()> certificate_expiry_; // as stats_report has it
    std::function<std::vector<fill_status>()> fills_;
    std::function<bool()> ready_;
    mutable write_check can_write_;
};

} // namespace proxy
