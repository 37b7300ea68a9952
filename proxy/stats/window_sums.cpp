#include "proxy/stats/window_sums.h"

#include "proxy/stats/traffic_json.h"

#include <algorithm>

namespace proxy {
namespace {

constexpr std::size_t most_rows = 2'000'000; // read for one answer
constexpr std::size_t most_names = 40'000;   // told apart while it is made

// The stretch in intervals as long as fit into it: a year is days, and hours and minutes only at its ends.
void add_pieces(std::vector<time_range>& to, time_range r, std::size_t level) {
    if (r.from >= r.to)
        return;
    r.step = resolutions[level].seconds;
    auto const longer = level + 1 < resolution_count ? resolutions[level + 1].seconds : 0;
    auto const first = longer == 0 ? r.to : (r.from + longer - 1) / longer * longer;
    auto const last = longer == 0 ? r.to : r.to / longer * longer;
    if (longer == 0 || first >= last) {
        to.push_back(r);
        return;
    }
    add_pieces(to, {r.from, first, 0}, level);
    add_pieces(to, {first, last, 0}, level + 1);
    add_pieces(to, {last, r.to, 0}, level);
}

// What the range is kept in at least: older than two days there are only hours.
std::size_t finest_of(time_range const& r) {
    std::size_t level = 0;
    while (level + 1 < resolution_count && r.step % resolutions[level + 1].seconds == 0)
        ++level;
    return level;
}

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
    std::vector<time_range> pieces;
    add_pieces(pieces, r, finest_of(r));
    for (auto const& piece : pieces)
        if (auto done = read_traffic(h, d, piece, add); !done)
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
