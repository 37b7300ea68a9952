// What each test of the upstream client sets up: a worker, an upstream pointed at scripted origins, a clock in the
// test's hands.
#pragma once

#include "proxy/upstream/upstream.h"
#include "tests/support/run_io.h"
#include "tests/support/scripted_origin.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tests {

// A response read to its end.
struct fetched {
    unsigned status = 0;
    std::string body;
};

class upstream_bench {
public:
    static constexpr proxy::milliseconds ample{60000}; // also on a machine that is busy with other things

    upstream_bench() {
        config.connect_timeout = ample;
        config.first_byte_timeout = ample;
        config.idle_timeout = ample;
        config.retries = 0; // so that a test's origin can count
        config.hedge_after = proxy::milliseconds(0);
    }
    explicit upstream_bench(scripted_origin const& origin) : upstream_bench() {
        config.endpoints = {origin.endpoint()};
    }

    // Made at the first use, from `config` as it is then.
    proxy::upstream& subject() {
        if (!subject_)
            subject_ = std::make_unique<proxy::upstream>(
                config, std::vector{&worker}, counters, [this] { return now; }, around);
        return *subject_;
    }

    proxy::upstream_request request(std::string path, std::string const& repo = "library/alpine") {
        return {proxy::http_method::get, oci::repository::parse(repo).value(), std::move(path), "", {}, {}};
    }

    proxy::result<proxy::upstream_response> open(proxy::upstream_request r, proxy::milliseconds within = ample) {
        return run_io(worker, [&] { return subject().open(worker, r, proxy::deadline::after(within)); });
    }
    proxy::result<proxy::upstream_response> open(std::string path, proxy::milliseconds within = ample) {
        return open(request(std::move(path)), within);
    }

    proxy::result<std::string> read_all(proxy::upstream_response& r, proxy::milliseconds within = ample,
                                        std::size_t limit = 64 << 20) {
        return run_io(worker, [&] { return r.read_all(limit, proxy::deadline::after(within)); });
    }

    proxy::result<std::size_t> read_some(proxy::upstream_response& r, std::span<std::byte> to,
                                         proxy::milliseconds within = ample) {
        return run_io(worker, [&] { return r.read_some(to, proxy::deadline::after(within)); });
    }

    // open and read_all.
    proxy::result<fetched> fetch(proxy::upstream_request r) {
        auto response = open(std::move(r));
        if (!response)
            return response.error();
        auto body = read_all(*response);
        if (!body)
            return body.error();
        return fetched{response->status(), std::move(*body)};
    }
    proxy::result<fetched> fetch(std::string path) { return fetch(request(std::move(path))); }

    proxy::worker worker{0};
    proxy::upstream_counters counters;
    proxy::upstream_config config{.name = "scripted"};
    proxy::steady_clock::time_point now{std::chrono::hours(1000)};
    proxy::client_network around;

private:
    std::unique_ptr<proxy::upstream> subject_;
};

// Bytes that differ from place to place, so that a shifted or repeated piece shows.
inline std::string pattern(std::size_t size) {
    std::string out(size, '\0');
    std::uint32_t x = 12345;
    for (auto& c : out) {
        x = x * 1664525 + 1013904223;
        c = static_cast<char>(x >> 24);
    }
    return out;
}

} // namespace tests
