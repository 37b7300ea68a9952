// One pull of an image as containerd does it: the tag with HEAD, the manifest by its digest, the config, then the
// layers in order, three at a time, on connections that are kept. Bodies are hashed as they come. Prints one line of
// JSON: layers, bytes, seconds.
//
//   pull http://ADDRESS:PORT/v2/REPOSITORY TAG
#include "bench/registry_url.h"
#include "oci/digest.h"
#include "oci/manifest.h"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using clock_type = std::chrono::steady_clock;

constexpr unsigned layers_at_once = 3;

class connection {
public:
    explicit connection(registry_url const& to) : to_(to) {
        socket_.connect({net::ip::make_address(to.address), static_cast<std::uint16_t>(std::stoi(to.port))});
        socket_.set_option(net::ip::tcp::no_delay(true));
    }

    // What a tag means.
    std::string head(std::string const& what) {
        http::response_parser<http::empty_body> parser;
        parser.skip(true);
        ask(http::verb::head, what);
        http::read(socket_, buffer_, parser);
        check(parser.get().result_int(), what);
        return std::string(parser.get()["Docker-Content-Digest"]);
    }

    std::string get(std::string const& what) {
        http::response_parser<http::string_body> parser;
        ask(http::verb::get, what);
        http::read(socket_, buffer_, parser);
        check(parser.get().result_int(), what);
        return std::move(parser.get().body());
    }

    // Read, hashed and thrown away.
    void get_blob(oci::descriptor const& d) {
        auto const what = "blobs/" + d.digest.to_string();
        http::response_parser<http::buffer_body> parser;
        parser.body_limit(boost::none);
        ask(http::verb::get, what);
        http::read_header(socket_, buffer_, parser);
        check(parser.get().result_int(), what);
        oci::hasher hash(d.digest.algo());
        std::vector<char> piece(256 << 10);
        while (!parser.is_done()) {
            parser.get().body().data = piece.data();
            parser.get().body().size = piece.size();
            boost::system::error_code ec;
            http::read(socket_, buffer_, parser, ec);
            if (ec && ec != http::error::need_buffer)
                throw std::runtime_error(what + ": " + ec.message());
            auto const n = piece.size() - parser.get().body().size;
            hash.update(std::as_bytes(std::span(piece.data(), n)));
        }
        if (hash.finish() != d.digest)
            throw std::runtime_error(what + ": wrong bytes");
    }

private:
    void ask(http::verb method, std::string const& what) {
        http::request<http::empty_body> r(method, to_.path + "/" + what, 11);
        r.set(http::field::host, to_.address);
        r.set(http::field::user_agent, "bench-pull/1");
        r.set(http::field::accept, oci::media_type::oci_manifest);
        http::write(socket_, r);
    }
    static void check(unsigned status, std::string const& what) {
        if (status != 200)
            throw std::runtime_error(fmt::format("{}: status {}", what, status));
    }

    registry_url const& to_;
    net::io_context context_;
    net::ip::tcp::socket socket_{context_};
    boost::beast::flat_buffer buffer_;
};

// The first of the connections is the one that the manifest came by.
void pull_layers(registry_url const& from, std::vector<oci::descriptor> const& layers, connection& first) {
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};
    auto const work = [&](connection* given) {
        try {
            std::unique_ptr<connection> own;
            if (!given)
                own = std::make_unique<connection>(from);
            auto& c = given ? *given : *own;
            for (auto i = next++; i < layers.size() && !failed; i = next++)
                c.get_blob(layers[i]);
        } catch (std::exception const& e) {
            fmt::print(stderr, "pull: {}\n", e.what());
            failed = true;
        }
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < layers_at_once; ++i)
            threads.emplace_back(work, i == 0 ? &first : nullptr);
    }
    if (failed)
        throw std::runtime_error("the pull failed");
}

void pull(registry_url const& from, std::string const& tag) {
    auto const began = clock_type::now();
    connection first(from);
    auto const digest = first.head("manifests/" + tag);
    auto const document = first.get("manifests/" + digest);
    auto const manifest = oci::parse_manifest(document, oci::media_type::oci_manifest).value();
    std::vector<oci::descriptor> layers;
    std::uint64_t bytes = 0;
    for (auto const& d : manifest.children) {
        bytes += d.size;
        if (d.role == oci::child_role::config)
            first.get_blob(d);
        else
            layers.push_back(d);
    }
    pull_layers(from, layers, first);
    std::chrono::duration<double> const took = clock_type::now() - began;
    fmt::print("{{\"layers\": {}, \"bytes\": {}, \"seconds\": {:.4f}}}\n", layers.size(), bytes, took.count());
}

} // namespace

int main(int argc, char** argv) {
    std::string url, tag;
    CLI::App app("Pulls an image and throws it away");
    app.add_option("url", url)->required();
    app.add_option("tag", tag)->required();
    CLI11_PARSE(app, argc, argv);
    try {
        auto const from = parse_registry_url(url);
        pull(from, tag);
        return 0;
    } catch (std::exception const& e) {
        fmt::print(stderr, "pull: {}\n", e.what());
        return 1;
    }
}
