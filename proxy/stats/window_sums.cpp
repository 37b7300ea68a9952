#include "proxy/stats/window_sums.h"

#include "proxy/stats/traffic_json.h"

#include <algorithm>

namespace proxy {
namespace {

constexpr std::size_t most_rows = 2'000'000; // read for one answer
constexpr std::size_t most_names = 40'000;   // told apart while it is made

} // namespace

query_result<void> read_traffic(history const& h, dimension d, time_range const& r,
                                history::traffic_visitor const& visit) {
    std::size_t rows = 0;
    auto const bounded = [&](std::int64_t time, std::string_view name, traffic const& t) {
        return ++rows <= most_rows && visit(time, name, t);
    };
    if (auto done = h.read(d, r.from, r.to, r.step, bounded); !done)
        return done.error().message;
    if (rows > most_rows)
        return std::string("that is too much to read at once: less time, or a step of an hour or a day");
    return {};
}

query_result<traffic_by_name> sum_up(history const& h, dimension d, time_range const& r) {
    traffic_by_name sum(most_names);
    auto const add = [&](std::int64_t, std::string_view name, traffic const& t) {
        sum[name] += t;
        return true;
    };
    if (auto done = read_traffic(h, d, r, add); !done)
        return done.error();
    return sum;
}

query_result<traffic> sum_up_all(history const& h, time_range const& r) {
    auto const sum = sum_up(h, dimension::all, r);
    if (!sum)
        return sum.error();
    auto const total = sum->begin();
    return total == sum->end() ? traffic() : total->second;
}

std::vector<std::pair<std::string, traffic>> ranked(traffic_by_name const& sum,
                                                    std::function<double(traffic const&)> const& size) {
    std::vector<std::pair<std::string, traffic>> rows(sum.begin(), sum.end());
    std::sort(rows.begin(), rows.end(), [&](auto const& a, auto const& b) {
        bool const a_rest = a.first == traffic_by_name::other, b_rest = b.first == traffic_by_name::other;
        if (a_rest != b_rest)
            return b_rest;
        auto const of_a = size(a.second), of_b = size(b.second);
        return of_a != of_b ? of_a > of_b : a.first < b.first;
    });
    return rows;
}

boost::json::array rows_json(traffic_by_name sum, std::size_t most) {
    sum.keep_top(most);
    boost::json::array rows;
    for (auto const& [name, t] : ranked(sum, [](traffic const& t) { return static_cast<double>(t.bytes_served); })) {
        boost::json::object row{{"name", name}};
        for (auto& [key, value] : traffic_json(t))
            row[key] = value;
        rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace proxy
