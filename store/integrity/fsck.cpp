#include "store/integrity/fsck.h"

#include "store/integrity/fsck_run.h"

#include <algorithm>
#include <tuple>

namespace store {
namespace {

// As open_core does, but neither clears temp/ nor begins an epoch: that is for those who serve.
result<std::shared_ptr<core>> open_closed_store(fsck_options const& o) {
    std::error_code ec;
    if (!std::filesystem::exists(o.path / "index" / "CURRENT", ec))
        return error{errc::io, "there is no store at " + o.path.string()};
    auto c = std::make_shared<core>();
    c->settings.path = o.path;
    c->settings.warn = o.warn;
    auto db = database::open(o.path / "index", o.warn); // first: it has the lock
    if (!db)
        return db.error();
    c->db = *std::move(db);
    auto folder = blob_folder::open(o.path, o.files ? o.files : std::make_shared<file_system>());
    if (!folder)
        return folder.error();
    c->folder = *std::move(folder);
    return c;
}

} // namespace

result<fsck_report> fsck(fsck_options o) {
    auto c = open_closed_store(o);
    if (!c)
        return c.error();
    fsck_run run{.options = o, .c = *std::move(c)};
    for (auto const part : {check_rows, check_references, check_counts, check_content, check_files}) {
        if (auto done = part(run); !done)
            return done.error();
    }
    if (o.repair) {
        if (auto written = write_totals(run); !written)
            return written.error();
    }
    std::stable_sort(run.report.findings.begin(), run.report.findings.end(), [](auto const& a, auto const& b) {
        return std::tie(a.kind, a.subject) < std::tie(b.kind, b.subject);
    });
    return std::move(run.report);
}

std::size_t fsck_report::problems() const noexcept {
    return findings.size() - leftovers();
}

std::size_t fsck_report::leftovers() const noexcept {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(), [](auto const& f) { return is_harmless(f.kind); }));
}

bool fsck_report::in_order() const noexcept {
    return std::all_of(findings.begin(), findings.end(),
                       [](auto const& f) { return f.repaired || is_harmless(f.kind); });
}

bool is_harmless(fault f) noexcept {
    return f == fault::leftover;
}

std::string_view to_string(fault f) noexcept {
    switch (f) {
    case fault::wrong_bytes:
        return "wrong_bytes";
    case fault::wrong_size:
        return "wrong_size";
    case fault::missing:
        return "missing";
    case fault::unreadable:
        return "unreadable";
    case fault::wrong_sums:
        return "wrong_sums";
    case fault::undecodable_row:
        return "undecodable_row";
    case fault::stray_row:
        return "stray_row";
    case fault::orphan:
        return "orphan";
    case fault::foreign:
        return "foreign";
    case fault::wrong_reference:
        return "wrong_reference";
    case fault::wrong_link_count:
        return "wrong_link_count";
    case fault::wrong_totals:
        return "wrong_totals";
    case fault::leftover:
        return "leftover";
    }
    return "unknown";
}

} // namespace store
