#include "proxy/report/report.h"

#include "proxy/report/suggestion.h"
#include "proxy/stats/traffic_json.h"
#include "proxy/stats/window_sums.h"

#include <boost/json/array.hpp>

namespace proxy {
namespace {

namespace json = boost::json;

constexpr std::size_t most_rows = 10;

std::map<std::string, traffic> by_name(traffic_by_name const& sums) {
    return {sums.begin(), sums.end()};
}

} // namespace

query_result<json::object> report(history const& h, oci::query const& q, std::int64_t now, config const& c,
                                  store::usage const& stored) {
    auto asked = q;
    if (!asked.find("from"))
        asked.items.emplace_back("from", "-7d");
    auto const range = parse_range(asked, now);
    if (!range)
        return range.error();
    auto const total = sum_up_all(h, *range);
    auto upstreams = sum_up(h, dimension::upstream, *range);
    auto repositories = sum_up(h, dimension::repository, *range);
    auto clients = sum_up(h, dimension::client, *range);
    if (!total)
        return total.error();
    for (auto const* part : {&upstreams, &repositories, &clients})
        if (!*part)
            return part->error();

    report_facts facts{.total = *total,
                       .upstreams = by_name(*upstreams),
                       .repositories = by_name(*repositories),
                       .tag_lifetime = {},
                       .keep_storage = stored.limit_bytes};
    for (auto const& u : c.upstreams)
        facts.tag_lifetime[u.name] = u.tag_ttl;
    json::array suggestions;
    for (auto const& s : suggestions_for(facts))
        suggestions.push_back(to_json(s));
    return json::object{{"from", range->from},
                        {"to", range->to},
                        {"currency", c.stats.currency},
                        {"total", traffic_json(*total)},
                        {"store", {{"disk_bytes", stored.disk_bytes}, {"limit_bytes", stored.limit_bytes}}},
                        {"upstreams", rows_json(*std::move(upstreams), most_rows)},
                        {"repositories", rows_json(*std::move(repositories), most_rows)},
                        {"clients", rows_json(*std::move(clients), most_rows)},
                        {"suggestions", std::move(suggestions)}};
}

} // namespace proxy
