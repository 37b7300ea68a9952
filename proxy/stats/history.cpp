#include "proxy/stats/history.h"

#include <algorithm>

namespace proxy {
namespace {

// Beside the dimensions of traffic; on people's disks.
constexpr std::uint8_t storage_rows = 4;

// In one step: a clock that jumps years ahead takes no time.
constexpr int most_sums = 100;
constexpr std::size_t most_removed = 20'000;

constexpr int enough_in_order = 60; // minutes until a clock is believed

constexpr std::int64_t begin_of(std::int64_t time, std::int64_t length) noexcept {
    return time - time % length;
}

std::uint8_t row_of(dimension d) noexcept {
    return static_cast<std::uint8_t>(d);
}

void append_rows(std::vector<store::series_row>& to, std::uint8_t resolution, std::int64_t time, dimension d,
                 traffic_by_name const& names) {
    for (auto const& [name, t] : names)
        to.push_back({{resolution, time, row_of(d), name}, encode(t)});
}

result<void> checked(store::result<void> const& r) {
    if (!r)
        return from_store(r.error());
    return {};
}

} // namespace

history::history(store::series_table& rows, history_limits limits, std::int64_t now,
                 std::function<storage_sample()> sample)
    : rows_(rows), limits_(limits), sample_(std::move(sample)), minute_start_(begin_of(now, resolutions[0].seconds)) {
    auto const last_of = [&](std::size_t r) {
        auto const last = rows_.last(resolutions[r].number);
        return last ? *last : std::nullopt; // who cannot be read will say so when it is written
    };
    last_written_ = last_of(0).value_or(0);
    // Up to the last that is there; all that is left of the finer ones if there is none, or if a clock that ran ahead
    // has left one in the future.
    for (std::size_t r = 1; r < resolution_count; ++r) {
        auto const length = resolutions[r].seconds;
        auto const last = last_of(r);
        auto const oldest = begin_of(now - resolutions[r - 1].kept_for, length);
        bool const known = last && *last < now;
        rolled_[r] = std::min(known ? std::max(*last + length, oldest) : oldest, begin_of(now, length));
    }
    expected_minute_ = minute_start_;
    minutes_in_order_ = goes_on_from_last_run(now) ? enough_in_order : 0;
}

void history::add(traffic_parts parts) {
    if (parts.empty() || !limits_.enabled)
        return;
    std::lock_guard const lock(incoming_mutex_);
    incoming_.push_back(std::move(parts));
}

// Under the mutex.
void history::absorb() const {
    std::vector<traffic_parts> parts;
    {
        std::lock_guard const lock(incoming_mutex_);
        parts.swap(incoming_);
    }
    for (auto const& p : parts)
        minute_ += p;
}

result<void> history::step(std::int64_t now) {
    if (!limits_.enabled)
        return {};
    auto const minute = begin_of(now, resolutions[0].seconds);
    {
        std::lock_guard const lock(mutex_);
        absorb();
        if (minute == minute_start_)
            return {};
    }
    return close(now);
}

std::shared_ptr<traffic_parts const> history::take_minute(std::int64_t next) {
    std::lock_guard const lock(mutex_);
    absorb();
    minute_.all(); // that we were here is worth a row
    being_written_ = std::make_shared<traffic_parts const>(std::exchange(minute_, traffic_parts()));
    minute_start_ = next;
    return being_written_;
}

result<void> history::close(std::int64_t now) {
    if (!limits_.enabled)
        return {};
    auto const ended = minute_start_;
    auto const parts = take_minute(begin_of(now, resolutions[0].seconds));
    if (auto written = write_minute(ended, parts); !written)
        return written;
    if (auto marked = sum_up_again(ended); !marked)
        return marked;
    for (std::size_t r = 1; r < resolution_count; ++r)
        if (auto summed = roll_up(r, now); !summed)
            return summed;
    if (!is_believed(begin_of(now, resolutions[0].seconds)))
        return {};
    return trim(now);
}

// Its last minute is not long ago, and an hour earlier there were some too: who is restarted again and again drops what
// is old all the same.
bool history::goes_on_from_last_run(std::int64_t now) const {
    constexpr std::int64_t hour = 3600;
    if (last_written_ > now || last_written_ + hour < now)
        return false;
    auto const earlier = rows_.first(resolutions[0].number, last_written_ - 2 * hour);
    return earlier && *earlier && **earlier <= last_written_ - hour;
}

bool history::is_believed(std::int64_t minute) {
    constexpr std::int64_t tolerated = 300; // a machine that was busy, a second leap
    bool const in_order = minute >= expected_minute_ && minute <= expected_minute_ + tolerated;
    minutes_in_order_ = in_order ? std::min(minutes_in_order_ + 1, enough_in_order) : 0;
    expected_minute_ = minute + resolutions[0].seconds;
    return minutes_in_order_ == enough_in_order;
}

result<void> history::write_minute(std::int64_t minute, std::shared_ptr<traffic_parts const> const& parts) {
    auto const rows = rows_of(minute, *parts);
    std::lock_guard const entering(entrance_);
    std::unique_lock const turning(turning_);
    auto const written = rows ? checked(rows_.write(*rows)) : result<void>(rows.error());
    std::lock_guard const lock(mutex_);
    being_written_ = nullptr;
    if (!written)
        minute_ += *parts;
    return written;
}

result<std::vector<store::series_row>> history::rows_of(std::int64_t minute, traffic_parts all) const {
    auto const number = resolutions[0].number;
    if (minute <= last_written_) // by the run before this one, or before the clock was set back
        for (std::size_t i = 0; i < dimension_count; ++i) {
            auto const add = [&](std::int64_t, std::string_view name, std::string_view value) {
                if (auto const t = decode_traffic(value))
                    all.by[i][name] += *t;
                return true;
            };
            auto const d = static_cast<dimension>(i);
            if (auto read = rows_.scan(number, row_of(d), minute, minute + 1, add); !read)
                return from_store(read.error());
        }
    std::vector<store::series_row> rows;
    for (std::size_t i = 0; i < dimension_count; ++i) {
        all.by[i].keep_top(limits_.names);
        append_rows(rows, number, minute, static_cast<dimension>(i), all.by[i]);
    }
    rows.push_back({{number, minute, storage_rows, {}}, encode(sample_())});
    return rows;
}

// What this minute belongs to, if it has been summed up without it.
result<void> history::sum_up_again(std::int64_t minute) {
    last_written_ = std::max(last_written_, minute);
    for (std::size_t r = 1; r < resolution_count; ++r) {
        auto const start = begin_of(minute, resolutions[r].seconds);
        if (rolled_[r] <= start)
            continue;
        auto const may = may_be_summed_again(r, start);
        if (!may)
            return may.error();
        std::lock_guard const lock(mutex_);
        rolled_[r] = *may ? start : rolled_[r];
    }
    return {};
}

// Not where only the sum is left of what it was made of, or of some of it. What lies before the others may have been
// written under a wrong clock: it says nothing about what has been dropped meanwhile.
result<bool> history::may_be_summed_again(std::size_t coarse, std::int64_t start) const {
    auto const& r = resolutions[coarse];
    auto const sum = rows_.first(r.number, start);
    if (!sum)
        return from_store(sum.error());
    if (*sum != start)
        return true;
    auto const last = rows_.last(r.number);
    if (!last)
        return from_store(last.error());
    auto const first = rows_.first(resolutions[coarse - 1].number);
    if (!first)
        return from_store(first.error());
    auto const dropped_before = last->value_or(start) + 2 * r.seconds - resolutions[coarse - 1].kept_for;
    return start >= dropped_before && *first && **first <= start;
}

result<void> history::roll_up(std::size_t coarse, std::int64_t now) {
    auto const length = resolutions[coarse].seconds;
    auto const until = begin_of(coarse > 1 ? std::min(now, rolled_[coarse - 1]) : now, length);
    for (int n = 0; n < most_sums && rolled_[coarse] < until; ++n) {
        auto const next = rows_.first(resolutions[coarse - 1].number, rolled_[coarse]);
        if (!next)
            return from_store(next.error());
        auto const start = *next ? begin_of(**next, length) : until; // nothing ran in between
        auto const may = start < until ? may_be_summed_again(coarse, start) : result<bool>(false);
        if (!may)
            return may.error();
        if (*may)
            if (auto summed = sum_up(coarse, start); !summed)
                return summed;
        std::lock_guard const lock(mutex_);
        rolled_[coarse] = std::min(start + length, until);
    }
    return {};
}

result<void> history::sum_up(std::size_t coarse, std::int64_t start) {
    auto const to = start + resolutions[coarse].seconds;
    auto const finer = resolutions[coarse - 1].number;
    std::vector<store::series_row> rows;
    for (std::size_t i = 0; i < dimension_count; ++i) {
        auto const d = static_cast<dimension>(i);
        traffic_by_name sum(4 * limits_.names);
        auto const add = [&](std::int64_t, std::string_view name, std::string_view value) {
            if (auto const t = decode_traffic(value))
                sum[name] += *t;
            return true;
        };
        if (auto read = rows_.scan(finer, row_of(d), start, to, add); !read)
            return from_store(read.error());
        sum.keep_top(limits_.names);
        append_rows(rows, resolutions[coarse].number, start, d, sum);
    }
    std::string last;
    auto const note = [&](std::int64_t, std::string_view, std::string_view value) {
        last = value;
        return true;
    };
    if (auto read = rows_.scan(finer, storage_rows, start, to, note); !read)
        return from_store(read.error());
    if (!last.empty())
        rows.push_back({{resolutions[coarse].number, start, storage_rows, {}}, last});
    return checked(rows_.write(rows));
}

// What is not summed up yet stays.
result<void> history::trim(std::int64_t now) {
    for (std::size_t r = 0; r < resolution_count; ++r) {
        auto until = now - resolutions[r].kept_for;
        if (r + 1 < resolution_count)
            until = std::min(until, rolled_[r + 1]);
        if (auto removed = rows_.remove_before(resolutions[r].number, until, most_removed); !removed)
            return from_store(removed.error());
    }
    if (now >= trimmed_to_size_at_ && now < trimmed_to_size_at_ + 3600)
        return {};
    trimmed_to_size_at_ = now;
    for (std::size_t r = 0; r < resolution_count; ++r)
        if (auto trimmed = trim_to_size(r, limits_.bytes / (r == 0 ? 2 : 4), now); !trimmed)
            return trimmed;
    return {};
}

// A quarter of the time that is held goes, until the rest has its room. Sizes are known of what was compacted alone.
result<void> history::trim_to_size(std::size_t r, std::uint64_t most, std::int64_t now) {
    auto const number = resolutions[r].number;
    for (int n = 0; n < 16 && rows_.disk_bytes(number) > most; ++n) {
        auto const first = rows_.first(number);
        if (!first)
            return from_store(first.error());
        auto const held_since = first->value_or(now);
        auto until = held_since + std::max(resolutions[r].seconds, (now - held_since) / 4);
        if (r + 1 < resolution_count)
            until = std::min(until, rolled_[r + 1]);
        for (;;) {
            auto const removed = rows_.remove_before(number, until, most_removed);
            if (!removed)
                return from_store(removed.error());
            if (*removed < most_removed)
                break;
        }
        if (auto compacted = rows_.compact(); !compacted)
            return from_store(compacted.error());
    }
    return {};
}

// Of what was summed up the sums, of the rest what it will be made of.
result<void> history::scan(std::uint8_t row_dimension, std::int64_t from, std::int64_t to, std::int64_t step,
                           row_visitor const& visit) const {
    std::array<std::int64_t, resolution_count> rolled{};
    {
        std::lock_guard const lock(mutex_);
        rolled = rolled_;
    }
    bool more = true;
    auto const pass_on = [&](std::int64_t time, std::string_view name, std::string_view value) {
        return more = visit(time, name, value);
    };
    for (std::size_t r = resolution_count; more && r-- > 0;) {
        if (step % resolutions[r].seconds != 0)
            continue;
        auto const until = r == 0 ? to : std::min(to, rolled[r]);
        if (until <= from)
            continue;
        if (auto read = rows_.scan(resolutions[r].number, row_dimension, from, until, pass_on); !read)
            return from_store(read.error());
        from = until;
    }
    return {};
}

std::shared_lock<std::shared_mutex> history::enter() const {
    std::lock_guard const entering(entrance_);
    return std::shared_lock(turning_);
}

result<void> history::read(dimension d, std::int64_t from, std::int64_t to, std::int64_t step,
                           traffic_visitor const& visit) const {
    bool more = true;
    auto const decoded = [&](std::int64_t time, std::string_view name, std::string_view value) {
        if (auto const t = decode_traffic(value))
            more = visit(time, name, *t);
        return more;
    };
    auto const turning = enter();
    std::int64_t time = 0;
    if (auto const names = unwritten(d, from, to, time))
        for (auto const& [name, t] : *names)
            if (!visit(time, name, t))
                return {};
    return scan(row_of(d), from, to, step, decoded);
}

std::optional<traffic_by_name> history::unwritten(dimension d, std::int64_t from, std::int64_t to,
                                                  std::int64_t& time) const {
    std::lock_guard const lock(mutex_);
    absorb();
    time = minute_start_;
    if (time < from || time >= to)
        return std::nullopt;
    auto names = minute_.of(d);
    if (d == dimension::all)
        (void)names[""]; // it is under way, also if nothing happened yet
    if (being_written_)
        names.add(being_written_->of(d));
    return names;
}

std::int64_t history::minute_start() const {
    std::lock_guard const lock(mutex_);
    return minute_start_;
}

result<void> history::read_storage(std::int64_t from, std::int64_t to, std::int64_t step,
                                   sample_visitor const& visit) const {
    bool more = true;
    auto const decoded = [&](std::int64_t time, std::string_view, std::string_view value) {
        if (auto const s = decode_storage_sample(value))
            more = visit(time, *s);
        return more;
    };
    if (auto read = scan(storage_rows, from, to, step, decoded); !read)
        return read;
    auto const now = minute_start();
    if (more && now >= from && now < to)
        visit(now, sample_());
    return {};
}

} // namespace proxy
