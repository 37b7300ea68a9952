// Repositories of Zipf popularity stand on base images that they share. A pull asks for the manifest, the config and
// the layers; a build replaces the layers from some place upwards, and writes blobs to a build cache that the next
// build of the same repository asks for, or not.

#include "bench/replay/workload.h"

#include "bench/replay/random.h"
#include "bench/replay/sizes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>

namespace replay {
namespace {

using store::object_kind;

struct image {
    object_id manifest = 0, config = 0;
    std::vector<object_id> layers;
};

struct repository {
    std::size_t base = 0;
    std::vector<image> versions;  // the newest last; empty until first asked for
    std::vector<object_id> cache; // of the last build
};

// A machine that keeps the images it has pulled, and asks for what it lacks.
struct warm_runner {
    std::unordered_set<object_id> has;
    std::vector<object_id> order; // a ring
    std::size_t oldest = 0;
};

constexpr std::size_t hours_a_day = 24;

// Assumptions, all of them.
constexpr double cold_pulls = 0.7; // by runners that live for one job and have nothing
constexpr std::size_t warm_runners = 300;
constexpr std::size_t warm_layers = 2000; // that one of them keeps
constexpr double old_version = 0.14;      // share of pulls
constexpr std::size_t versions_before = 3;
constexpr std::size_t versions_kept = 20;
constexpr std::uint64_t largest_of_base = 256 << 20;
constexpr auto anything = std::numeric_limits<std::uint64_t>::max();
constexpr double repos_per_base = 30;
constexpr double read_again = 0.3; // share of the build cache that the next build asks for
constexpr double drift_a_day = 0.02;

class generator {
public:
    explicit generator(workload const& w);
    trace run();

private:
    object_id create(object_kind kind, std::uint64_t size);
    std::vector<object_id> create_layers(std::size_t count, std::uint64_t largest);
    image seal(std::vector<object_id> layers);

    repository& pick();
    repository& made(std::size_t index);
    void rebuild(repository& r);
    void build(repository& r);
    void pull(repository& r);
    void drift();

    void ask(object_id id) { trace_.requests.push_back({.time = now_, .id = id}); }
    void ask_warm(warm_runner& runner, object_id id);
    double load(std::size_t hour) const;

    workload workload_;
    chance chance_;
    std::vector<repository> repos_;
    std::vector<std::uint32_t> by_rank_;
    zipf popularity_;
    std::vector<std::vector<object_id>> bases_;
    zipf base_popularity_;
    std::vector<warm_runner> runners_;
    trace trace_;
    float now_ = 0;
};

std::size_t at_least_one(double n) {
    return std::max<std::size_t>(1, static_cast<std::size_t>(n));
}

generator::generator(workload const& w)
    : workload_(w), chance_(w.seed), repos_(at_least_one(w.repos * w.scale)), by_rank_(repos_.size()),
      popularity_(repos_.size(), w.alpha), bases_(at_least_one(static_cast<double>(repos_.size()) / repos_per_base)),
      base_popularity_(bases_.size(), w.balpha), runners_(warm_runners) {
    std::iota(by_rank_.begin(), by_rank_.end(), 0);
    for (auto& b : bases_)
        b = create_layers(1 + chance_.times(0.73), largest_of_base);
}

object_id generator::create(object_kind kind, std::uint64_t size) {
    trace_.objects.push_back({.size = size, .kind = kind});
    return static_cast<object_id>(trace_.objects.size() - 1);
}

std::vector<object_id> generator::create_layers(std::size_t count, std::uint64_t largest) {
    std::vector<object_id> made(count);
    for (auto& l : made) {
        auto size = layer_size(chance_);
        while (size > largest)
            size = layer_size(chance_);
        l = create(object_kind::layer, size);
    }
    return made;
}

image generator::seal(std::vector<object_id> layers) {
    auto const n = layers.size();
    return {.manifest = create(object_kind::manifest, manifest_size(chance_, n)),
            .config = create(object_kind::config, config_size(chance_, n)),
            .layers = std::move(layers)};
}

// Half of the images of Docker Hub have fewer than 8 layers, nine tenths fewer than 18 (2017).
repository& generator::made(std::size_t index) {
    auto& r = repos_[index];
    if (!r.versions.empty())
        return r;
    r.base = base_popularity_(chance_);
    auto layers = bases_[r.base];
    auto const own = std::max(1.0, 7.5 * std::exp(0.683 * chance_.normal()) - static_cast<double>(layers.size()));
    auto const added = create_layers(static_cast<std::size_t>(own), anything);
    layers.insert(layers.end(), added.begin(), added.end());
    r.versions.push_back(seal(std::move(layers)));
    for (auto n = chance_.below(versions_before + 1); n > 0; --n)
        rebuild(r);
    return r;
}

repository& generator::pick() {
    auto const rank = chance_.happens(workload_.scan) ? chance_.below(repos_.size()) : popularity_(chance_);
    return made(by_rank_[rank]);
}

// The layers from some place above the base upwards are new.
void generator::rebuild(repository& r) {
    auto layers = r.versions.back().layers;
    auto const base = bases_[r.base].size();
    auto const keep = base + chance_.below(layers.size() - base);
    auto const added = create_layers(layers.size() - keep, anything);
    std::copy(added.begin(), added.end(), layers.begin() + static_cast<std::ptrdiff_t>(keep));
    r.versions.push_back(seal(std::move(layers)));
    if (r.versions.size() > versions_kept)
        r.versions.erase(r.versions.begin());
}

// On a runner of its own, or on one that has the base image.
void generator::build(repository& r) {
    if (chance_.happens(cold_pulls))
        for (auto const id : bases_[r.base])
            ask(id);
    for (auto const id : r.cache)
        if (chance_.happens(read_again))
            ask(id);
    rebuild(r);
    r.cache.resize(static_cast<std::size_t>(workload_.cache_blobs));
    for (auto& id : r.cache)
        ask(id = create(object_kind::cache_blob, layer_size(chance_)));
}

void generator::ask_warm(warm_runner& runner, object_id id) {
    if (!runner.has.insert(id).second)
        return;
    ask(id);
    if (runner.order.size() < warm_layers) {
        runner.order.push_back(id);
        return;
    }
    runner.has.erase(std::exchange(runner.order[runner.oldest], id));
    runner.oldest = (runner.oldest + 1) % warm_layers;
}

void generator::pull(repository& r) {
    bool const old = chance_.happens(old_version);
    auto const& image = old ? r.versions[chance_.below(r.versions.size())] : r.versions.back();
    ask(image.manifest);
    if (chance_.happens(cold_pulls)) {
        ask(image.config);
        for (auto const l : image.layers)
            ask(l);
        return;
    }
    auto& runner = runners_[chance_.below(runners_.size())];
    ask_warm(runner, image.config);
    for (auto const l : image.layers)
        ask_warm(runner, l);
}

// Some repositories change places with others of a similar rank.
void generator::drift() {
    auto const n = by_rank_.size();
    for (auto left = static_cast<std::size_t>(drift_a_day * static_cast<double>(n)); left > 0; --left) {
        auto const rank = chance_.below(n);
        auto const other = std::min(n - 1, static_cast<std::size_t>(static_cast<double>(rank) * chance_.between(1, 2)));
        std::swap(by_rank_[rank], by_rank_[other]);
    }
}

// Relative to the mean: busy afternoons, quiet nights, half as much at weekends. The first day is a Monday.
double generator::load(std::size_t hour) const {
    auto const of_day = static_cast<double>(hour % hours_a_day);
    auto const weekend = hour / hours_a_day % 7 >= 5;
    return (weekend ? 0.5 : 1.2) * (1 - 0.6 * std::cos((of_day - 3) / hours_a_day * 2 * 3.14159265358979323846));
}

// Drops what nobody asked for.
void compact(trace& t) {
    std::vector<object_id> renamed(t.objects.size(), ~object_id{0});
    std::vector<object> kept;
    for (auto& r : t.requests) {
        auto& name = renamed[r.id];
        if (name == ~object_id{0}) {
            name = static_cast<object_id>(kept.size());
            kept.push_back(t.objects[r.id]);
        }
        r.id = name;
    }
    t.objects = std::move(kept);
}

trace generator::run() {
    auto const hours = at_least_one(workload_.days * hours_a_day);
    double due = 0;
    for (std::size_t hour = 0; hour < hours; ++hour) {
        if (hour % hours_a_day == 0)
            drift();
        due += load(hour) * workload_.pulls_per_day * workload_.scale / hours_a_day;
        auto const pulls = static_cast<std::size_t>(due);
        due -= static_cast<double>(pulls);
        for (std::size_t i = 0; i < pulls; ++i) {
            auto const seconds = (static_cast<double>(i) + 0.5) / static_cast<double>(pulls) * 3600;
            now_ = static_cast<float>(static_cast<double>(hour) * 3600 + seconds);
            auto& r = pick();
            if (chance_.happens(workload_.build_per_pull))
                build(r);
            pull(r);
        }
    }
    compact(trace_);
    return std::move(trace_);
}

} // namespace

workload registry_workload() {
    return {};
}

workload ci_workload() {
    return {
        .alpha = 1.15, .repos = 20000, .scan = 0.1, .build_per_pull = 0.25, .cache_blobs = 10, .pulls_per_day = 6000};
}

trace generate(workload const& w) {
    return generator(w).run();
}

} // namespace replay
