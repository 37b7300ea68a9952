// What a hit costs in the store, how fast content comes in, and how long a large store takes to open.
#include "store/content_store.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t kib = 1024;

class scratch_folder {
public:
    scratch_folder() {
        auto name = (std::filesystem::temp_directory_path() / "layerd-bench-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~scratch_folder() { std::filesystem::remove_all(path_); }
    std::filesystem::path path() const { return path_; }

private:
    std::filesystem::path path_;
};

// A store of 1,000 objects of one size, each linked to one repository.
struct filled_store {
    explicit filled_store(std::size_t size) {
        store = store::content_store::open({.path = folder.path()}).value();
        for (int i = 0; i < 1000; ++i) {
            auto bytes = std::to_string(i);
            bytes.resize(size, 'x');
            digests.push_back(oci::digest::of(bytes));
            (void)store->put(digests.back(), bytes, {.kind = store::object_kind::layer}).value();
            (void)store->index().put_link(repository, digests.back(), {.size = size}).value();
        }
        for (auto const& d : digests) // as a running server has looked at all of them
            (void)store->open_blob(d).value();
    }

    scratch_folder folder;
    std::string const repository = "docker.io/library/alpine";
    std::vector<oci::digest> digests;
    std::unique_ptr<store::content_store> store;
};

filled_store& filled(std::size_t size) {
    static filled_store small(4 * kib), large(128 * kib);
    return size == 4 * kib ? small : large;
}

// The two lookups of a blob hit, from memory as an event loop does them.
void hit(benchmark::State& state) {
    auto& f = filled(static_cast<std::size_t>(state.range(0)));
    std::size_t i = static_cast<std::size_t>(state.thread_index()) * 501;
    std::size_t blocked = 0;
    for (auto _ : state) {
        auto const& d = f.digests[++i % f.digests.size()];
        auto const link = f.store->index().find_link(f.repository, d, store::access::memory);
        auto const blob = f.store->open_blob(d, store::access::memory);
        blocked += !link || !blob;
        benchmark::DoNotOptimize(blob);
    }
    state.counters["would_block"] = static_cast<double>(blocked);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(hit)->ArgName("size")->Arg(4 * kib)->Arg(128 * kib)->Threads(1)->Threads(2)->UseRealTime();

void find_tag(benchmark::State& state) {
    auto& f = filled(4 * kib);
    auto const tag = *oci::tag::parse("latest");
    (void)f.store->index().put_tag(f.repository, tag, {.digest = f.digests[0]}).value();
    for (auto _ : state)
        benchmark::DoNotOptimize(f.store->index().find_tag(f.repository, tag, store::access::memory));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_tag);

// Bytes in: written, hashed with SHA-256 and XXH3, committed, removed again.
void fill(benchmark::State& state) {
    scratch_folder folder;
    auto store = store::content_store::open({.path = folder.path()}).value();
    std::string const chunk(256 * kib, 'x');
    auto const size = static_cast<std::uint64_t>(state.range(0));
    for (auto _ : state) {
        auto w = store->begin(oci::algorithm::sha256, size).value();
        for (std::uint64_t at = 0; at < size; at += chunk.size())
            (void)w.append(std::as_bytes(std::span(chunk)).first(std::min<std::uint64_t>(chunk.size(), size - at)))
                .value();
        auto const d = w.finish();
        (void)w.commit(d, {}).value();
        state.PauseTiming();
        (void)store->remove(d).value();
        state.ResumeTiming();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(fill)->ArgName("size")->Arg(4 * kib)->Arg(1024 * kib)->Arg(100 * 1024 * kib)->UseRealTime();

// Opening a store that was closed cleanly, with a million objects in it: LAYERD_BENCH_OPEN=1, it takes minutes to fill.
void open_million(benchmark::State& state) {
    if (!std::getenv("LAYERD_BENCH_OPEN"))
        return state.SkipWithError("set LAYERD_BENCH_OPEN=1");
    static scratch_folder folder;
    static bool const ready = [] {
        auto store = store::content_store::open({.path = folder.path()}).value();
        for (int i = 0; i < 1'000'000; ++i) {
            auto const bytes = std::to_string(i);
            auto const d = oci::digest::of(bytes);
            (void)store->put(d, bytes, {}).value();
            (void)store->index().put_link("docker.io/r" + std::to_string(i % 1000), d, {.size = bytes.size()}).value();
        }
        return true;
    }();
    benchmark::DoNotOptimize(ready);
    for (auto _ : state) {
        auto store = store::content_store::open({.path = folder.path()}).value();
        if (store->used().objects != 1'000'000)
            state.SkipWithError("objects are missing");
        state.PauseTiming();
        store.reset();
        state.ResumeTiming();
    }
}
BENCHMARK(open_million)->Iterations(3)->Unit(benchmark::kMillisecond);

} // namespace
