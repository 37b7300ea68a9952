// What an operator could change, concluded from what passed: each with the figures it rests on, none without enough of
// them.
#pragma once

#include "proxy/stats/traffic.h"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy {

// A stretch of time as it was, and the settings that it can be held against.
struct report_facts {
    traffic total;
    std::map<std::string, traffic> upstreams;
    std::map<std::string, traffic> repositories;              // bytes_from_upstream: sent on misses
    std::map<std::string, std::chrono::seconds> tag_lifetime; // tag_ttl, by upstream
    std::uint64_t keep_storage = 0;                           // bytes; 0: no limit
};

struct suggestion {
    std::string_view topic; // "keep_storage", "tag_ttl", "warm", "endpoints", "clients"
    std::string about;      // the upstream or repository; empty: all
    std::string text;       // a sentence or two for people
    boost::json::object figures;
};

// Those that save most bytes first.
std::vector<suggestion> suggestions_for(report_facts const& f);

// {"topic", "about", "text", "figures"}
boost::json::object to_json(suggestion const& s);

} // namespace proxy
