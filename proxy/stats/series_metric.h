// The numbers that the history can tell, by name.
#pragma once

#include "proxy/stats/storage_sample.h"
#include "proxy/stats/traffic.h"

#include <functional>
#include <optional>
#include <span>
#include <string_view>

namespace proxy {

// What passed within an interval.
struct traffic_metric {
    std::string_view name;
    std::string_view unit; // "requests", "bytes", "ratio", "seconds", "pulls", "objects", "currency"
    std::optional<double> (*value)(traffic const&);
};

// What was there at its end.
struct storage_metric {
    std::string_view name;
    std::string_view unit;
    double (*value)(storage_sample const&);
    // Of what lies in the store, how much this metric says of each part; null if it cannot be divided.
    double (*part)(store::gc_sum const&);
};

std::span<traffic_metric const> traffic_metrics() noexcept;
std::span<storage_metric const> storage_metrics() noexcept;

// Visits the parts of what is stored by "pool", "origin" or "type"; false for any other word.
bool each_part(storage_sample const& s, std::string_view by,
               std::function<void(std::string_view name, store::gc_sum const&)> const& visit);

} // namespace proxy
