// layerd-replay: how much of a workload each eviction policy would have missed.
//
// What is replayed is the code that the store evicts by, without a disk: a month of requests takes seconds.
#include "bench/replay/csv.h"
#include "bench/replay/report.h"
#include "bench/replay/workload.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <stdexcept>

namespace {

struct settings {
    std::string profile = "registry";
    std::optional<double> alpha, balpha, repos, scan, build_per_pull, cache_blobs, days, pulls_per_day, scale;
    std::uint64_t seed = 7;
    std::string trace_file, write_file;
    std::vector<double> percents{1, 5, 10, 20};
    store::pool_options pools;
    bool json = false;
};

constexpr auto description =
    "Replays a trace through layerd's eviction policy, through others, through the best that could be done knowing "
    "the\n"
    "future (belady-size, by samples) and a cache without bounds. Prints the share of requests and of bytes that\n"
    "missed, for caches of some percents of the bytes that the trace names in all (the footprint).\n"
    "The trace is made up after published figures of a large registry (bench/replay/workload.h says what is "
    "assumption),\n"
    "unless --trace gives one: time_s,object_id,size_bytes,kind in order of time, a request a line, kind being "
    "manifest,\n"
    "config, layer or cache.";

void add_workload(CLI::App& app, settings& s) {
    auto const group = "The workload made up";
    app.add_option("--profile", s.profile, "registry, a mirror for many teams; or ci, builds with a build cache")
        ->check(CLI::IsMember({"registry", "ci"}))
        ->capture_default_str()
        ->group(group);
    app.add_option("--seed", s.seed, "Of chance")->capture_default_str()->group(group);
    auto const number = [&](char const* name, std::optional<double>& to, double low, double high, char const* text) {
        app.add_option(name, to, text)->check(CLI::Range(low, high))->group(group);
    };
    number("--scale", s.scale, 0.001, 10, "Of repositories and pulls: 0.1 for a short run");
    number("--days", s.days, 0.1, 365, "30 in either profile");
    number("--pulls-per-day", s.pulls_per_day, 1, 1e6, "In the mean");
    number("--repos", s.repos, 1, 1e6, "Repositories");
    number("--alpha", s.alpha, 0, 5, "Zipf exponent of their popularity");
    number("--balpha", s.balpha, 0, 5, "Zipf exponent of the base images'");
    number("--scan", s.scan, 0, 1, "Share of pulls that take any repository, popular or not");
    number("--build-per-pull", s.build_per_pull, 0, 1, "Share of pulls that follow a build");
    number("--cache-blobs", s.cache_blobs, 0, 1000, "Build-cache blobs that a build writes");
}

void add_rest(CLI::App& app, settings& s) {
    app.add_option("--trace", s.trace_file, "Replay this file")->check(CLI::ExistingFile);
    app.add_option("--write", s.write_file, "Write the trace to this file and end");
    app.add_option("--percent", s.percents, "Sizes of the cache, in percents of the footprint")
        ->delimiter(',')
        ->check(CLI::Range(0.01, 100.0))
        ->capture_default_str();
    app.add_flag("--json", s.json, "One object a run instead of a table");
    auto const share = [&](char const* name, double& to, char const* text) {
        app.add_option(name, to, text)->check(CLI::Range(0.0, 0.45))->capture_default_str()->group("layerd's policy");
    };
    share("--small", s.pools.small, "Share of the space for objects up to 1 MiB");
    share("--build-cache", s.pools.build_cache, "Share for build-cache blobs");
    share("--probation", s.pools.probation, "Of the layers' pool, for layers that were not asked for again");
}

replay::workload workload_of(settings const& s) {
    auto w = s.profile == "ci" ? replay::ci_workload() : replay::registry_workload();
    w.seed = s.seed;
    w.alpha = s.alpha.value_or(w.alpha);
    w.balpha = s.balpha.value_or(w.balpha);
    w.repos = s.repos.value_or(w.repos);
    w.scan = s.scan.value_or(w.scan);
    w.build_per_pull = s.build_per_pull.value_or(w.build_per_pull);
    w.cache_blobs = s.cache_blobs.value_or(w.cache_blobs);
    w.days = s.days.value_or(w.days);
    w.pulls_per_day = s.pulls_per_day.value_or(w.pulls_per_day);
    w.scale = s.scale.value_or(w.scale);
    return w;
}

replay::trace trace_of(settings const& s) {
    if (s.trace_file.empty())
        return replay::generate(workload_of(s));
    std::ifstream in(s.trace_file);
    return replay::read_csv(in, s.trace_file);
}

void write(replay::trace const& t, std::string const& file) {
    std::ofstream out(file);
    replay::write_csv(out, t);
    out.close();
    if (!out)
        throw std::runtime_error(fmt::format("{}: cannot be written", file));
}

void run(settings const& s) {
    auto const t = trace_of(s);
    if (!s.write_file.empty())
        return write(t, s.write_file);
    replay::report r;
    r.title = s.trace_file.empty() ? fmt::format("{}, seed {}", s.profile, s.seed) : "trace";
    r.summary = replay::summarise(t);
    for (auto const percent : s.percents) {
        auto const bytes = static_cast<std::uint64_t>(static_cast<double>(r.summary.footprint) * percent / 100);
        replay::at_size at{.percent = percent, .bytes = bytes};
        for (std::size_t i = 0; i < at.outcomes.size(); ++i)
            at.outcomes[i] = replay::replay_trace(t, replay::all_contenders[i], bytes, s.pools);
        r.sizes.push_back(at);
    }
    fmt::print("{}", s.json ? replay::to_json(r) : replay::to_table(r));
}

} // namespace

int main(int argc, char** argv) {
    settings s;
    CLI::App app(description, "layerd-replay");
    add_workload(app, s);
    add_rest(app, s);
    CLI11_PARSE(app, argc, argv);
    try {
        run(s);
    } catch (std::exception const& e) {
        fmt::print(stderr, "layerd-replay: {}\n", e.what());
        return 1;
    }
}
