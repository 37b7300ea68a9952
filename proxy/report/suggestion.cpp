#include "proxy/report/suggestion.h"

#include "proxy/config/config.h"
#include "proxy/stats/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace proxy {
namespace {

// Below these nothing is concluded: a handful of requests says nothing about a week.
constexpr std::uint64_t few_objects = 10;
constexpr std::uint64_t few_questions = 50;
constexpr std::uint64_t few_requests = 100;
constexpr double worth_mentioning = 0.01; // of all that was downloaded
constexpr double nearly_all = 0.9, large_share = 0.2, many_errors = 0.05, few_hits = 0.3;

double ratio(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string number(std::uint64_t n) {
    return grouped(static_cast<std::int64_t>(n));
}

std::string size(std::uint64_t bytes) {
    return human_bytes(static_cast<std::int64_t>(bytes));
}

// As the configuration takes it.
std::string setting(std::chrono::seconds s) {
    auto const n = s.count();
    for (auto const& [unit, length] : {std::pair{"d", 86400}, {"h", 3600}, {"m", 60}})
        if (n > 0 && n % length == 0)
            return fmt::format("{}{}", n / length, unit);
    return fmt::format("{}s", n);
}

std::optional<suggestion> about_nobody(report_facts const& f) {
    if (f.total.count() > 0)
        return std::nullopt;
    return suggestion{
        "clients", "", "Nobody asked for anything. `layerd client-config` writes what points a client here.", {}};
}

std::string more_hits(std::uint64_t returned, std::uint64_t hits) {
    return hits > 0 ? percent(ratio(returned, hits)) + " more hits" : number(returned) + " hits where there were none";
}

std::optional<suggestion> about_space(report_facts const& f) {
    auto const& t = f.total;
    auto const share = std::min(1.0, ratio(t.returned_bytes, t.bytes_from_upstream));
    if (t.returned_objects < few_objects || share < worth_mentioning)
        return std::nullopt;
    auto const hits = t.count(outcome::hit) + t.count(outcome::stale);
    auto const what = f.keep_storage > 0
                          ? fmt::format("keep_storage, {}, is small for this traffic", size(f.keep_storage))
                          : std::string("The disk is small for this traffic (min_free_space)");
    return suggestion{
        "keep_storage",
        "",
        fmt::format(
            "{}: {} objects, {}, were downloaded again soon after they had gone for want of space, {} of all that "
            "came from upstream. Twice the space would have kept them: {}.",
            what, number(t.returned_objects), size(t.returned_bytes), percent(share),
            more_hits(t.returned_objects, hits)),
        {{"returned_objects", t.returned_objects},
         {"returned_bytes", t.returned_bytes},
         {"share_of_downloads", share},
         {"hits", hits},
         {"keep_storage", f.keep_storage}}};
}

std::optional<suggestion> about_low_hits(report_facts const& f) {
    auto const hit_ratio = f.total.hit_ratio();
    bool const space_helps = ratio(f.total.returned_bytes, f.total.bytes_from_upstream) >= worth_mentioning;
    if (!hit_ratio || *hit_ratio >= few_hits || f.total.count() < few_requests || space_helps)
        return std::nullopt;
    return suggestion{
        "warm",
        "",
        fmt::format("Only {} of the requests for content were hits, and more space would not change that: "
                    "next to nothing came back after it had gone. What clients pull is mostly new here; if "
                    "it is known beforehand, a [[trigger]] can warm it.",
                    percent(*hit_ratio)),
        {{"hit_ratio", *hit_ratio}}};
}

std::optional<suggestion> about_tags(std::string const& upstream, traffic const& t, std::chrono::seconds lifetime) {
    if (t.revalidations < few_questions)
        return std::nullopt;
    auto const unchanged = ratio(t.revalidations_unchanged, t.revalidations);
    boost::json::object figures{{"revalidations", t.revalidations},
                                {"unchanged", t.revalidations_unchanged},
                                {"tag_ttl_seconds", lifetime.count()}};
    if (unchanged >= nearly_all) {
        auto const longer = std::max(lifetime * 2, std::chrono::seconds(60));
        return suggestion{
            "tag_ttl", upstream,
            fmt::format("{} of {} questions to {} whether a tag had moved found nothing new ({}). tag_ttl = \"{}\" "
                        "instead of \"{}\" would ask about half as often; tags that never move, such as full versions, "
                        "can have a longer one by [[upstream.tag]].",
                        number(t.revalidations_unchanged), number(t.revalidations), upstream, percent(unchanged),
                        setting(longer), setting(lifetime)),
            std::move(figures)};
    }
    if (unchanged > 0.5)
        return std::nullopt;
    return suggestion{
        "tag_ttl", upstream,
        fmt::format("{} of {} questions to {} whether a tag had moved found that it had: tags move faster "
                    "than tag_ttl = \"{}\" allows for, so clients were given older ones for up to that "
                    "long.",
                    number(t.revalidations - t.revalidations_unchanged), number(t.revalidations), upstream,
                    setting(lifetime)),
        std::move(figures)};
}

std::optional<suggestion> about_errors(std::string const& upstream, traffic const& t) {
    auto const failed = ratio(t.upstream_errors, t.upstream_requests);
    if (t.upstream_requests < few_questions || failed < many_errors)
        return std::nullopt;
    return suggestion{
        "endpoints",
        upstream,
        fmt::format("{} of {} requests to {} failed ({}). A further one of its `endpoints` would be asked instead; "
                    "`stale_if_error` says how long known tags are served meanwhile.",
                    number(t.upstream_errors), number(t.upstream_requests), upstream, percent(failed)),
        {{"requests", t.upstream_requests}, {"errors", t.upstream_errors}}};
}

std::optional<suggestion> about_most_missed(report_facts const& f) {
    auto const bytes = [](auto const& r) { return r.first == "other" ? 0 : r.second.bytes_from_upstream; };
    auto const by_bytes = [&](auto const& a, auto const& b) { return bytes(a) < bytes(b); };
    auto const most = std::max_element(f.repositories.begin(), f.repositories.end(), by_bytes);
    if (most == f.repositories.end())
        return std::nullopt;
    auto const& [name, t] = *most;
    auto const share = std::min(1.0, ratio(t.bytes_from_upstream, f.total.bytes_from_upstream));
    auto const misses = t.count(outcome::miss);
    if (misses < few_objects || share < large_share || name == "other")
        return std::nullopt;
    return suggestion{"warm",
                      name,
                      fmt::format("{} missed most: {} misses, {}, {} of all that came from upstream. Where it is known "
                                  "when it changes, a [[trigger]] fetches it before builds ask.",
                                  name, number(misses), size(t.bytes_from_upstream), percent(share)),
                      {{"misses", misses}, {"bytes", t.bytes_from_upstream}, {"share_of_downloads", share}}};
}

} // namespace

std::vector<suggestion> suggestions_for(report_facts const& f) {
    std::vector<suggestion> all;
    auto const add = [&](std::optional<suggestion> s) {
        if (s)
            all.push_back(*std::move(s));
    };
    add(about_nobody(f));
    add(about_space(f));
    add(about_most_missed(f));
    add(about_low_hits(f));
    for (auto const& [name, t] : f.upstreams) {
        add(about_errors(name, t));
        auto const lifetime = f.tag_lifetime.find(name);
        if (lifetime != f.tag_lifetime.end()) // else it is configured no longer
            add(about_tags(name, t, lifetime->second));
    }
    return all;
}

boost::json::object to_json(suggestion const& s) {
    return {{"topic", s.topic}, {"about", s.about}, {"text", s.text}, {"figures", s.figures}};
}

} // namespace proxy
