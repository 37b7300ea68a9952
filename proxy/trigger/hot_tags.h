// The tags that clients ask for most, over all workers: what a tag was asked for counts half after half a day, so that
// a night in between changes no order, and what nobody asks for any more is gone in some days.
#pragma once

#include "proxy/pull/tag_counter.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// Any thread. Times in Unix seconds.
class hot_tags {
public:
    static constexpr std::size_t max_tags = 4096; // beyond, the quarter that is asked for least goes
    static constexpr std::size_t max_saved = 1000;
    static constexpr std::chrono::hours half_life{12};

    void add(std::vector<counted_tag> const& counted, std::int64_t now);

    // At most `n`, the hottest first: "docker.io/library/alpine:3.20".
    std::vector<std::string> hottest(std::size_t n) const;

    // For the next life, the hottest alone; what is not understood is passed over.
    std::string save() const;
    void restore(std::string_view saved);

private:
    void cool(std::int64_t now);
    void make_room();
    std::vector<std::pair<std::string, double>> ranking(std::size_t n) const;

    mutable std::mutex mutex_; // guards what follows
    std::map<std::string, double, std::less<>> heat_;
    std::int64_t at_ = 0; // the moment that heat_ is of
};

} // namespace proxy
