// Traffic over time: minutes for two days, hours for a quarter, days for five years, as rows of the store's index.
//
// Minutes are written as they end, so that the end of the process, however sudden, loses one at most. Hours are the
// sums of their minutes and days of their hours, worked out when they are over: also after a restart, for what ended
// meanwhile. All times are Unix seconds, all intervals begin at multiples of their length (days at midnight UTC).
//
// A minute in which nobody asked for anything has a row too; one without a row is one in which nothing ran. A clock
// that is set back adds to minutes that are there, and what they were summed up to is summed up again. One that jumps
// ahead is believed after an hour, which a restart does not begin anew: until then nothing is dropped for being old.
#pragma once

#include "proxy/error.h"
#include "proxy/stats/storage_sample.h"
#include "proxy/stats/traffic_parts.h"
#include "store/series_table.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <vector>

namespace proxy {

struct resolution {
    std::uint8_t number; // in the rows' keys
    std::int64_t seconds;
    std::int64_t kept_for; // seconds
};
inline constexpr std::size_t resolution_count = 3;
inline constexpr std::array<resolution, resolution_count> resolutions{
    {{0, 60, 48 * 3600}, {1, 3600, 90 * 86400}, {2, 86400, 5 * 366 * 86400}}};

struct history_limits {
    bool enabled = true;                    // false: nothing is written, and nothing is there to be read
    std::size_t names = 1000;               // told apart in one interval, of each dimension
    std::uint64_t bytes = 64 * 1024 * 1024; // on disk; half of it for minutes. What is beyond goes before its time
};

// Any thread may add and read; one at a time takes steps. Those who read and step block.
class history {
public:
    // `sample` is called by step(), once a minute. The table must outlive this.
    history(store::series_table& rows, history_limits limits, std::int64_t now, std::function<storage_sample()> sample);

    // Counts as of the minute under way. Does not block.
    void add(traffic_parts parts);

    // To be called every second: writes minutes that are over, sums up, drops what is too old. What could not be
    // written counts in the next minute.
    result<void> step(std::int64_t now);
    // Writes the minute under way too: the last step.
    result<void> close(std::int64_t now);

    // What is known of [from, to) in intervals of `step` seconds or less, which divide it: in no particular order, an
    // interval's name possibly several times. `step` is a multiple of 60. False from `visit` ends it.
    using traffic_visitor = std::function<bool(std::int64_t time, std::string_view name, traffic const&)>;
    result<void> read(dimension d, std::int64_t from, std::int64_t to, std::int64_t step,
                      traffic_visitor const& visit) const;
    // Likewise; of each interval's the last counts. In order of time.
    using sample_visitor = std::function<bool(std::int64_t time, storage_sample const&)>;
    result<void> read_storage(std::int64_t from, std::int64_t to, std::int64_t step, sample_visitor const& visit) const;

private:
    using row_visitor = store::series_table::visitor;

    std::shared_ptr<traffic_parts const> take_minute(std::int64_t next);
    void absorb() const;
    result<void> write_minute(std::int64_t minute, std::shared_ptr<traffic_parts const> const& parts);
    result<std::vector<store::series_row>> rows_of(std::int64_t minute, traffic_parts parts) const;
    result<void> sum_up_again(std::int64_t minute);
    result<bool> may_be_summed_again(std::size_t coarse, std::int64_t start) const;
    bool is_believed(std::int64_t minute);
    bool goes_on_from_last_run(std::int64_t now) const;
    std::int64_t minute_start() const;
    std::shared_lock<std::shared_mutex> enter() const;
    result<void> roll_up(std::size_t coarse, std::int64_t now);
    result<void> sum_up(std::size_t coarse, std::int64_t start);
    result<void> trim(std::int64_t now);
    result<void> trim_to_size(std::size_t r, std::uint64_t most, std::int64_t now);
    result<void> scan(std::uint8_t row_dimension, std::int64_t from, std::int64_t to, std::int64_t step,
                      row_visitor const& visit) const;
    std::optional<traffic_by_name> unwritten(dimension d, std::int64_t from, std::int64_t to, std::int64_t& time) const;

    store::series_table& rows_;
    history_limits const limits_;
    std::function<storage_sample()> const sample_;

    mutable std::mutex incoming_mutex_; // guards incoming_; taken last
    mutable std::vector<traffic_parts> incoming_;

    // Exclusive while a minute turns from memory into rows, so that who reads both finds it in one of them. A shared
    // mutex lets readers in as long as one of them is there: whoever takes it passes the entrance first, where the
    // writer keeps them back once it waits.
    mutable std::mutex entrance_; // taken first
    mutable std::shared_mutex turning_;

    mutable std::mutex mutex_; // guards all below but for the last, which are step()'s
    mutable traffic_parts minute_;
    std::int64_t minute_start_;
    std::shared_ptr<traffic_parts const> being_written_;  // null: none
    std::array<std::int64_t, resolution_count> rolled_{}; // up to where a resolution has been summed up

    std::int64_t last_written_ = 0; // the latest minute that has rows
    std::int64_t trimmed_to_size_at_ = 0;
    std::int64_t expected_minute_ = 0;
    int minutes_in_order_ = 0; // since the first start or the last jump of the clock
};

} // namespace proxy
