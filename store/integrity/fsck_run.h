// One run of fsck: what its parts share. Each part is a file of its own.
#pragma once

#include "store/core.h"
#include "store/integrity/fsck.h"

#include <mutex>
#include <set>
#include <string>

namespace store {

struct fsck_run {
    fsck_options const& options;
    std::shared_ptr<core> c;
    fsck_report report;
    std::mutex guard; // of the report and of progress, while content is hashed
    std::uint64_t bytes_total = 0;
    std::set<oci::digest> publishing; // files that a crash may have left between their place and their row
    std::uint32_t last_epoch = 0;     // of all rows

    void find(fault kind, std::string subject, std::string message) {
        std::lock_guard const lock(guard);
        report.findings.push_back({kind, std::move(subject), std::move(message), options.repair});
    }
    void find_unrepaired(fault kind, std::string subject, std::string message) {
        std::lock_guard const lock(guard);
        report.findings.push_back({kind, std::move(subject), std::move(message), false});
    }
    void read(std::uint64_t bytes) {
        std::lock_guard const lock(guard);
        report.bytes += bytes;
        if (options.progress)
            options.progress(report.bytes, bytes_total);
    }
    result<void> write(database::batch& b) { return c->db->write(b, write_sync::no); }
};

// In this order.
result<void> check_rows(fsck_run& run);       // that they can be decoded
result<void> check_references(fsck_run& run); // links and children have their rows the other way round
result<void> check_counts(fsck_run& run);     // link counts and sums, before anything is dropped
result<void> check_content(fsck_run& run);    // every object
result<void> check_files(fsck_run& run);      // blobs/ and temp/
result<void> write_totals(fsck_run& run);     // as the rows are after all repairs

} // namespace store
