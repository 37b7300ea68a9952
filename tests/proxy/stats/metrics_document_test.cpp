// docs/metrics.md and docs/limits.md name what the server exports: all of it, and nothing else.
#include "proxy/limit.h"
#include "proxy/stats/metrics_text.h"
#include "tests/catch.h"
#include "tests/support/markdown.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace proxy;

namespace {

std::filesystem::path const conf = LAYERD_CONF;

// One of everything that a configuration can add.
stats_report full_report() {
    stats_report r;
    r.since_start.upstreams["docker.io"].requests = 1;
    endpoint_report endpoint;
    endpoint.url = "https://a";
    endpoint.budget = pull_budget{100, 7, {}};
    r.endpoints["docker.io"] = {endpoint};
    r.alerts.emplace_back().config.name = "few hits";
    r.certificate_expiry["/etc/layerd/tls.pem"] = 1795905600;
    return r;
}

// "layerd_requests_total counter content,result", of each metric.
std::set<std::string> exported() {
    std::map<std::string, std::string> types;
    std::map<std::string, std::string> labels;
    std::istringstream text(metrics_text(full_report()));
    for (std::string line; std::getline(text, line);) {
        std::smatch m;
        if (std::regex_match(line, m, std::regex("# TYPE (\\w+) (\\w+)"))) {
            types[m[1]] = m[2];
        } else if (std::regex_match(line, m, std::regex("(\\w+?)(_bucket|_sum|_count)?(\\{.*\\})? .*"))) {
            auto const name = types.contains(m[1].str() + m[2].str()) ? m[1].str() + m[2].str() : m[1].str();
            std::vector<std::string> names;
            std::string const given = m[3];
            std::regex const one("(\\w+)=\"");
            for (std::sregex_iterator at(given.begin(), given.end(), one), end; at != end; ++at)
                if ((*at)[1] != "le")
                    names.push_back((*at)[1]);
            labels[name] = fmt::format("{}", fmt::join(names, ","));
        }
    }
    std::set<std::string> all;
    for (auto const& [name, type] : types)
        all.insert(name + " " + type + " " + labels.at(name));
    return all;
}

std::string unquoted(std::string const& cell) {
    return std::regex_replace(cell, std::regex("[` ]"), "");
}

} // namespace

TEST_CASE("the document of the metrics has every metric with its type and labels, and no other") {
    std::set<std::string> documented;
    for (auto const& row : tests::markdown_rows(conf / "../docs/metrics.md")) {
        if (!row.at(0).starts_with("`layerd_"))
            continue;
        INFO(row[0]);
        REQUIRE(row.size() == 4);
        CHECK_FALSE(row[3].empty());
        CHECK(documented.insert(unquoted(row[0]) + " " + row[1] + " " + unquoted(row[2])).second);
    }
    CHECK(documented == exported());
}

TEST_CASE("the document of the limits has each by the name that it is counted by, with keys that there are") {
    std::stringstream text;
    text << std::ifstream(conf / "layerd.toml").rdbuf();
    auto const defaults = text.str();
    std::vector<std::string> documented;
    for (auto const& row : tests::markdown_rows(conf / "../docs/limits.md")) {
        if (row.size() != 3 || !row[0].starts_with('`'))
            continue;
        documented.push_back(unquoted(row[0]));
        std::regex const key("`([a-z_]+)`");
        for (std::sregex_iterator at(row[1].begin(), row[1].end(), key), end; at != end; ++at) {
            INFO(row[0] << " " << (*at)[1]);
            CHECK(std::regex_search(defaults, std::regex("(^|\n)(# )?" + (*at)[1].str() + " = ")));
        }
    }
    CHECK(documented == std::vector<std::string>(limit_names.begin() + 1, limit_names.end()));
}
