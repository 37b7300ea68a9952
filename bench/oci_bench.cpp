// What the oci layer costs a request: names in, names out, routes, and the hash of what streams through.
#include "oci/byte_range.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/route.h"

#include <benchmark/benchmark.h>

namespace {

constexpr std::string_view digest_text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

void digest_parse(benchmark::State& state) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(std::string_view(digest_text));
        auto d = oci::digest::parse(digest_text);
        benchmark::DoNotOptimize(d);
    }
}
BENCHMARK(digest_parse);

void digest_print(benchmark::State& state) {
    auto const d = oci::digest::parse(digest_text).value();
    for (auto _ : state) {
        auto text = d.to_string();
        benchmark::DoNotOptimize(text);
    }
}
BENCHMARK(digest_print);

void route_parse(benchmark::State& state, std::string const& target) {
    for (auto _ : state) {
        auto r = oci::parse_route(target);
        if (!r)
            state.SkipWithError(r.error().message.c_str());
        benchmark::DoNotOptimize(r);
    }
}
BENCHMARK_CAPTURE(route_parse, blob, "/v2/library/alpine/blobs/" + std::string(digest_text));
BENCHMARK_CAPTURE(route_parse, blob_ns, "/v2/library/alpine/blobs/" + std::string(digest_text) + "?ns=docker.io");
BENCHMARK_CAPTURE(route_parse, tag, std::string("/v2/library/alpine/manifests/3.19"));
BENCHMARK_CAPTURE(route_parse, escaped, "/v2/library%2Falpine/blobs/sha256%3A" + std::string(digest_text.substr(7)));

void range_resolve(benchmark::State& state) {
    for (auto _ : state) {
        auto r = oci::resolve_range("bytes=1048576-", 100 << 20);
        benchmark::DoNotOptimize(r);
    }
}
BENCHMARK(range_resolve);

// One hasher for each piece of the size given: small sizes show what a start costs.
void hash(benchmark::State& state, oci::algorithm algorithm) {
    std::string const data(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state) {
        auto d = oci::digest::of(data, algorithm);
        benchmark::DoNotOptimize(d);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK_CAPTURE(hash, sha256, oci::algorithm::sha256)->Arg(64)->Arg(4 << 10)->Arg(256 << 10);
BENCHMARK_CAPTURE(hash, sha512, oci::algorithm::sha512)->Arg(64)->Arg(4 << 10)->Arg(256 << 10);

// An image of as many layers as given.
void manifest_parse(benchmark::State& state) {
    std::string const item = R"({"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":123456,"digest":")" +
                             std::string(digest_text) + "\"}";
    std::string body =
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + item;
    for (std::int64_t i = 0; i < state.range(0); ++i)
        body += (i == 0 ? ",\"layers\":[" : ",") + item;
    body += "]}";
    for (auto _ : state) {
        auto m = oci::parse_manifest(body, "");
        if (!m)
            state.SkipWithError(m.error().message.c_str());
        benchmark::DoNotOptimize(m);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(manifest_parse)->Arg(10)->Arg(100);

} // namespace
