#include "proxy/gc/integrity_watch.h"

#include <spdlog/spdlog.h>

namespace proxy {

namespace {

constexpr std::size_t entries_a_second = 5000; // files and rows; a million take three minutes and hardly a core

} // namespace

integrity_watch::integrity_watch(store::content_store& content, store_config const& settings,
                                 std::function<void(oci::digest const&)> rotten)
    : scrub_rate_(settings.scrub_rate), scrub_every_(settings.scrub_every.count()), reconciler_(content),
      scrubber_(content, [rotten = std::move(rotten)](store::scrub_finding const& f) {
          spdlog::error("{} has rotted ({}){}: dropped{}", f.digest.to_string(), to_string(f.what),
                        f.offset ? fmt::format(", first at byte {}", *f.offset) : "",
                        f.quarantined ? ", its file is in quarantine" : "");
          rotten(f.digest);
      }) {}

void integrity_watch::step(std::int64_t now, std::stop_token const& stop) {
    if (reconciler_)
        reconcile(stop);
    else
        scrub(now, stop); // one after the other: both read
}

void integrity_watch::reconcile(std::stop_token const& stop) {
    auto const done = reconciler_->step(entries_a_second, stop);
    auto const& found = reconciler_->found();
    orphans_removed_ = found.orphans_removed;
    rows_dropped_ = found.rows_dropped;
    if (!done) {
        spdlog::warn("reconciliation: {}", done.error().message);
        ++failures_;
        reconciler_.reset(); // the next start tries again
        return;
    }
    if (!*done)
        return;
    failures_ += found.failures;
    if (found.orphans_removed + found.rows_dropped + found.foreign + found.link_counts_corrected > 0)
        spdlog::info("reconciled {} files with {} rows: {} files without a row removed, {} rows without their file "
                     "dropped, {} things left alone that are not layerd's, {} link counts corrected",
                     found.files, found.rows, found.orphans_removed, found.rows_dropped, found.foreign,
                     found.link_counts_corrected);
    reconciled_ = true;
    reconciler_.reset();
}

void integrity_watch::scrub(std::int64_t now, std::stop_token const& stop) {
    if (scrub_rate_ == 0)
        return;
    auto const counted = scrubber_.counters();
    bool const due = counted.pass_started_at != 0 || now - counted.last_pass_started_at >= scrub_every_ ||
                     now < counted.last_pass_started_at; // the clock was wrong then or is now
    if (!due)
        return;
    auto const read = scrubber_.step(scrub_rate_, stop);
    if (!read) {
        spdlog::error("scrubber: {}", read.error().message);
        ++failures_;
    }
}

integrity_report integrity_watch::report() const {
    auto const kept = scrubber_.quarantined_bytes();
    return {.scrub = scrubber_.counters(),
            .quarantined_bytes = kept ? *kept : 0,
            .reconciled = reconciled_,
            .orphans_removed = orphans_removed_,
            .rows_dropped = rows_dropped_,
            .failures = failures_};
}

std::uint64_t integrity_watch::all_failures() const {
    return failures_ + scrubber_.counters().rotten;
}

} // namespace proxy
