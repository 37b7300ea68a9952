// A store of a million objects: how long until it serves, how long until all of it can be evicted, what an object costs
// in memory, and what collecting a tenth of it does to the latency of hits.
//
//   scale [--objects N] [--files N] [--store DIR]
//
// DIR is filled if it is empty, which takes minutes, and can be used again. Half of the objects are hit by nobody and
// belong to a repository of their own: the policy that is measured collects 100,000 of these. Files are small ones, so
// that the disk need not hold terabytes; how long a large file takes to unlink is the file system's business.
#include "store/background.h"
#include "store/content_store.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

struct scale_options {
    std::size_t objects = 1'000'000;
    std::size_t files = 100'000; // of the objects, files of their own
    std::size_t collected = 100'000;
    std::filesystem::path folder;
};

constexpr std::uint64_t inline_max = 1024;

// The n-th object's bytes: the first `files` of them are too large for a row.
std::string bytes_of(scale_options const& o, std::size_t n) {
    auto bytes = fmt::format("object {}", n);
    bytes.resize(n < o.files ? inline_max + 1 : 200, 'x');
    return bytes;
}

std::string repository_of(scale_options const& o, std::size_t n) {
    bool const collectable = n % 2 == 1 && n / 2 < o.collected;
    return collectable ? "docker.io/old" : fmt::format("docker.io/r{}", n % 1000);
}

std::unique_ptr<store::content_store> open(scale_options const& o) {
    return store::content_store::open({.path = o.folder, .inline_max = inline_max}).value();
}

void fill(scale_options const& o) {
    auto const store = open(o);
    if (store->used().objects >= o.objects - o.collected)
        return;
    std::cerr << "filling " << o.folder << '\n';
    for (std::size_t n = 0; n < o.objects; ++n) {
        auto const bytes = bytes_of(o, n);
        auto const d = oci::digest::of(bytes);
        (void)store->index().put_link(repository_of(o, n), d, {.size = bytes.size()}).value();
        (void)store->put(d, bytes, {.kind = store::object_kind::layer}).value();
    }
    (void)store->flush().value();
}

double milliseconds_since(clock_type::time_point start) {
    return std::chrono::duration<double, std::milli>(clock_type::now() - start).count();
}

std::uint64_t resident_bytes() {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm").ignore(32, ' ') >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Hits of objects that stay, as an event loop makes them, until told to stop; their latencies in microseconds.
class hits {
public:
    hits(store::content_store& store, scale_options const& o)
        : thread_([this, &store, &o](std::stop_token stop) {
              std::mt19937_64 random(7);
              while (!stop.stop_requested()) {
                  auto const n = random() % (o.objects / 2) * 2;
                  auto const d = oci::digest::of(bytes_of(o, n));
                  auto const start = clock_type::now();
                  (void)store.index().find_link(repository_of(o, n), d).value();
                  auto const found = store.open_blob(d).value();
                  took_.push_back(milliseconds_since(start) * 1000);
                  missing_ += !found;
              }
          }) {}

    // Ends the measurement.
    std::string report() {
        thread_.request_stop();
        thread_.join();
        std::sort(took_.begin(), took_.end());
        auto const at = [&](double share) {
            return took_.empty() ? 0 : took_[static_cast<std::size_t>(share * static_cast<double>(took_.size() - 1))];
        };
        return fmt::format("{} hits, p50 {:.1f} us, p99 {:.1f} us, p99.9 {:.1f} us{}", took_.size(), at(0.5), at(0.99),
                           at(0.999), missing_ ? fmt::format(", {} MISSING", missing_) : "");
    }

private:
    std::vector<double> took_;
    std::size_t missing_ = 0;
    std::jthread thread_;
};

void measure(scale_options const& o) {
    auto const before = resident_bytes();
    auto start = clock_type::now();
    auto const store = open(o);
    auto const d = oci::digest::of(bytes_of(o, 0));
    bool const served = store->open_blob(d).value().has_value();
    fmt::print("open and serve the first hit   {:8.0f} ms{}\n", milliseconds_since(start), served ? "" : " (MISSING)");
    auto const opened = resident_bytes();

    start = clock_type::now();
    store->maintain();
    fmt::print("until all can be evicted       {:8.0f} ms\n", milliseconds_since(start));
    auto const objects = store->used().objects;
    fmt::print("memory an object               {:8.0f} bytes ({} MiB for {} objects, {} MiB before)\n",
               static_cast<double>(resident_bytes() - opened) / static_cast<double>(objects),
               (resident_bytes() - opened) >> 20, objects, (opened - before) >> 20);

    {
        hits warm_up(*store, o);
        std::this_thread::sleep_for(std::chrono::seconds(5));
    }
    hits quiet(*store, o);
    std::this_thread::sleep_for(std::chrono::seconds(5));
    fmt::print("hits, nothing else             {}\n", quiet.report());

    store::gc_rule rule{.name = "old"};
    rule.filters.push_back(*store::gc_filter::parse("repository==docker.io/old"));
    start = clock_type::now();
    store->set_rules({rule});
    fmt::print("until a policy has looked at all {:6.0f} ms\n", milliseconds_since(start));
    hits busy(*store, o);
    start = clock_type::now();
    store::gc_report report;
    std::jthread([&] { // as the server does it
        store::run_in_background();
        report = store->collect({});
    })
        .join();
    auto const took = milliseconds_since(start);
    fmt::print("hits while that is collected   {}\n", busy.report());
    fmt::print("collect {} objects         {:8.0f} ms ({:.0f} objects/s)\n", report.total().objects, took,
               static_cast<double>(report.total().objects) / took * 1000);
    (void)store->flush().value();
}

} // namespace

int main(int argc, char** argv) {
    scale_options o;
    CLI::App app("What a store of a million objects takes to open, hold and collect", "scale");
    app.add_option("--objects", o.objects, "How many objects");
    app.add_option("--files", o.files, "How many of them are files");
    app.add_option("--collected", o.collected, "How many the policy collects; at most half");
    app.add_option("--store", o.folder, "Folder of the store")->required();
    CLI11_PARSE(app, argc, argv);
    fill(o);
    measure(o);
}
