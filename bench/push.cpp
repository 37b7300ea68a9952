// The pushes of the side-by-side benchmark: new blobs to one repository, as BuildKit and containerd send them, a POST
// that opens a session and one PUT with the body, over as many connections as clients have.
//
// Bodies and digests are made before the clock starts: on loopback the generator shares the cores with the server. A
// large body is one block again and again, the first of them marked by the blob's number. Prints one line of JSON:
// blobs, bytes, seconds, and percentiles of the time from the POST to the 201.
//
//   push --blobs N --size BYTES [--connections C] [--seed S] http://ADDRESS:PORT/v2/REPOSITORY
#include "bench/registry_url.h"
#include "oci/digest.h"

#include <CLI/CLI.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t block_size = 1 << 20;

struct settings {
    std::string url;
    std::size_t blobs = 1;
    std::uint64_t size = 4096;
    unsigned connections = 1;
    std::uint64_t seed = 1;
};

// Its first block, after which `filler` is repeated.
struct blob {
    std::string first;
    std::string digest;
};

std::string random_block(std::uint64_t seed, std::size_t size) {
    std::mt19937_64 random(seed);
    std::string bytes(size, '\0');
    for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
        auto const word = random();
        std::memcpy(bytes.data() + at, &word, std::min(sizeof word, size - at));
    }
    return bytes;
}

// The pieces of a body, in order.
template <class Take>
void for_each_piece(settings const& s, blob const& b, std::string const& filler, Take const& take) {
    take(std::string_view(b.first));
    for (std::uint64_t left = s.size - b.first.size(); left > 0;) {
        auto const n = static_cast<std::size_t>(std::min<std::uint64_t>(left, filler.size()));
        take(std::string_view(filler).substr(0, n));
        left -= n;
    }
}

std::vector<blob> make_blobs(settings const& s, std::string const& filler) {
    std::vector<blob> all;
    for (std::size_t i = 0; i < s.blobs; ++i) {
        auto const first = static_cast<std::size_t>(std::min<std::uint64_t>(s.size, block_size));
        blob b{random_block(s.seed * 1'000'003 + i, first), {}};
        oci::hasher hash(oci::algorithm::sha256);
        for_each_piece(s, b, filler, [&](std::string_view piece) { hash.update(std::as_bytes(std::span(piece))); });
        b.digest = hash.finish().to_string();
        all.push_back(std::move(b));
    }
    return all;
}

class connection {
public:
    explicit connection(registry_url const& to) : to_(to), socket_(context_) {
        socket_.connect({net::ip::make_address(to.address), static_cast<net::ip::port_type>(std::stoi(to.port))});
        socket_.set_option(net::ip::tcp::no_delay(true));
    }

    void push(settings const& s, blob const& b, std::string const& filler) {
        send_head("POST", to_.path + "/blobs/uploads/", 0);
        auto location = std::string(read_answer(202)[http::field::location]);
        if (location.starts_with("http://"))
            location.erase(0, location.find('/', 7));
        location += (location.find('?') == location.npos ? "?digest=" : "&digest=") + b.digest;
        send_head("PUT", location, s.size);
        for_each_piece(s, b, filler, [&](std::string_view piece) { net::write(socket_, net::buffer(piece)); });
        read_answer(201);
    }

private:
    void send_head(std::string_view method, std::string_view path, std::uint64_t length) {
        auto const head = fmt::format("{} {} HTTP/1.1\r\nHost: {}:{}\r\nContent-Length: {}\r\n"
                                      "Content-Type: application/octet-stream\r\n\r\n",
                                      method, path, to_.address, to_.port, length);
        net::write(socket_, net::buffer(head));
    }

    http::response<http::string_body> read_answer(unsigned expected) {
        http::response<http::string_body> answer;
        http::read(socket_, buffer_, answer);
        if (answer.result_int() != expected)
            throw std::runtime_error(fmt::format("{} instead of {}: {}", answer.result_int(), expected, answer.body()));
        return answer;
    }

    registry_url const& to_;
    net::io_context context_;
    net::ip::tcp::socket socket_;
    boost::beast::flat_buffer buffer_;
};

struct totals {
    std::mutex mutex;
    std::vector<double> milliseconds;
    std::string failure;
};

void push_some(registry_url const& to, settings const& s, std::vector<blob> const& blobs, std::string const& filler,
               std::atomic<std::size_t>& next, totals& sum) {
    std::vector<double> times;
    std::string failure;
    try {
        connection c(to);
        for (auto i = next.fetch_add(1); i < blobs.size(); i = next.fetch_add(1)) {
            auto const began = clock_type::now();
            c.push(s, blobs[i], filler);
            times.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - began).count());
        }
    } catch (std::exception const& e) {
        failure = e.what();
    }
    std::lock_guard const lock(sum.mutex);
    sum.milliseconds.insert(sum.milliseconds.end(), times.begin(), times.end());
    if (sum.failure.empty())
        sum.failure = failure;
}

double share_of(std::vector<double> const& sorted, double share) {
    return sorted[static_cast<std::size_t>(share * double(sorted.size() - 1))];
}

int run(settings const& s) {
    auto const to = parse_registry_url(s.url);
    auto const filler = random_block(s.seed, block_size);
    auto const blobs = make_blobs(s, filler);
    std::atomic<std::size_t> next{0};
    totals sum;
    auto const began = clock_type::now();
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < s.connections; ++i)
            threads.emplace_back([&] { push_some(to, s, blobs, filler, next, sum); });
    }
    auto const seconds = std::chrono::duration<double>(clock_type::now() - began).count();
    auto& times = sum.milliseconds;
    if (!sum.failure.empty() || times.empty())
        throw std::runtime_error(sum.failure);
    std::sort(times.begin(), times.end());
    fmt::print(R"({{"blobs": {}, "bytes": {}, "seconds": {:.4f}, "push_ms": {{"p50": {:.3f}, "p99": {:.3f}, )"
               "\"max\": {:.3f}}}}}\n",
               times.size(), times.size() * s.size, seconds, share_of(times, 0.5), share_of(times, 0.99), times.back());
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    settings s;
    CLI::App app("Pushes new blobs to one repository");
    app.add_option("url", s.url)->required();
    app.add_option("--blobs", s.blobs)->check(CLI::Range(1, 1'000'000));
    app.add_option("--size", s.size)->check(CLI::PositiveNumber);
    app.add_option("--connections", s.connections)->check(CLI::Range(1u, 1'000u));
    app.add_option("--seed", s.seed, "another one makes other blobs");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(s);
    } catch (std::exception const& e) {
        fmt::print(stderr, "push: {}\n", e.what());
        return 2;
    }
}
