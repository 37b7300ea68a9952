// A registry at the far end of the world, for the side-by-side benchmark: each new connection and each answer's first
// byte take a round trip, and each connection has a bounded rate, however many there are. That is how a registry behind
// a CDN looks from another continent, and what makes a pull slow that asks for one thing after the other.
//
// It serves images "library/demo:1" to ":N" of so many layers, and a small one ":warm" of the same shape. Layers are
// one random block again and again, the first of them marked: as many images as wanted take no memory. Runs until
// it is killed.
//
//   far_origin --port P [--images N] [--layers L] [--size BYTES] [--latency MS] [--rate BYTES_PER_SECOND]
#include "oci/byte_range.h"
#include "oci/digest.h"
#include "oci/media_type.h"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>

namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using net::ip::tcp;
using clock_type = std::chrono::steady_clock;

constexpr std::uint64_t block_size = 1 << 20;
constexpr std::uint64_t piece_size = 64 << 10;
constexpr std::uint64_t small_layer = 10'000;

struct settings {
    std::uint16_t port = 0;
    unsigned images = 1, layers = 8;
    std::uint64_t size = 50'000'000; // of a layer
    unsigned latency_ms = 40;
    double rate = 20e6;
};

std::string make_block() {
    std::mt19937_64 random(7);
    std::string block(block_size, '\0');
    for (std::size_t i = 0; i < block.size(); i += 8) {
        auto const word = random();
        std::memcpy(&block[i], &word, 8);
    }
    return block;
}

// `mark`, and the block again and again behind it; or a document, which is all mark.
struct content {
    std::string mark;
    std::uint64_t size = 0;
    std::string_view type = oci::media_type::octet_stream;
};

class registry {
public:
    explicit registry(settings const& s) : block_(make_block()) {
        add_image("warm", s.layers, small_layer);
        for (unsigned i = 1; i <= s.images; ++i)
            add_image(std::to_string(i), s.layers, s.size);
    }

    // By what follows "/v2/library/demo/".
    content const* find(std::string_view name) const {
        auto const at = all_.find(name);
        return at == all_.end() ? nullptr : &at->second;
    }
    std::string digest_of(content const& c) const {
        oci::hasher h(oci::algorithm::sha256);
        for (std::uint64_t at = 0; at < c.size;) {
            auto const piece = bytes(c, at, c.size - at);
            h.update(std::as_bytes(std::span(piece)));
            at += piece.size();
        }
        return h.finish().to_string();
    }
    // Some bytes of it from `at` on, at most so many.
    std::string_view bytes(content const& c, std::uint64_t at, std::uint64_t most) const {
        auto const from = at < c.mark.size() ? std::string_view(c.mark).substr(at)
                                             : std::string_view(block_).substr((at - c.mark.size()) % block_size);
        return from.substr(0, std::min<std::uint64_t>({from.size(), most, c.size - at}));
    }

private:
    std::string add(std::string_view kind, content c) {
        auto const digest = digest_of(c);
        all_.emplace(fmt::format("{}/{}", kind, digest), std::move(c));
        return digest;
    }
    std::string add_blob(content c, std::string_view type) {
        auto const size = c.size;
        return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}}})", type, add("blobs", std::move(c)), size);
    }
    void add_image(std::string const& tag, unsigned layers, std::uint64_t size) {
        auto const text = fmt::format(R"({{"architecture":"amd64","os":"linux","comment":"{}"}})", tag);
        auto const config = add_blob({text, text.size()}, oci::media_type::oci_config);
        std::string list;
        for (unsigned i = 0; i < layers; ++i)
            list += (i > 0 ? "," : "") + add_blob({fmt::format("image {} layer {:4}", tag, i), size},
                                                  "application/vnd.oci.image.layer.v1.tar+gzip");
        auto const manifest = fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{}]}})",
                                          oci::media_type::oci_manifest, config, list);
        content const document{manifest, manifest.size(), oci::media_type::oci_manifest};
        add("manifests", document);
        all_.emplace("manifests/" + tag, document);
    }

    std::string const block_;
    std::map<std::string, content, std::less<>> all_;
};

// One connection, until the client closes it.
class line {
public:
    line(tcp::socket s, registry const& r, settings const& how) : socket_(std::move(s)), registry_(r), how_(how) {}

    void serve() {
        error_code ec;
        socket_.set_option(tcp::no_delay(true), ec);
        wait(); // the handshake's
        boost::beast::flat_buffer buffer;
        for (;;) {
            http::request<http::empty_body> request;
            http::read(socket_, buffer, request, ec);
            if (ec)
                return;
            wait();
            if (!answer(request))
                return;
        }
    }

private:
    void wait() const { std::this_thread::sleep_for(std::chrono::milliseconds(how_.latency_ms)); }

    bool send_head(unsigned status, std::string const& fields) {
        error_code ec;
        net::write(socket_, net::buffer(fmt::format("HTTP/1.1 {} Far\r\n{}\r\n", status, fields)), ec);
        return !ec;
    }

    bool answer(http::request<http::empty_body> const& request) {
        constexpr std::string_view below = "/v2/library/demo/";
        std::string_view const target(request.target().data(), request.target().size());
        auto const* c = target.starts_with(below) ? registry_.find(target.substr(below.size())) : nullptr;
        if (!c)
            return send_head(target == "/v2/" ? 200 : 404, "Content-Length: 0\r\n");
        auto const asked = request[http::field::range];
        std::uint64_t first = 0, last = c->size - 1;
        bool const part = std::sscanf(std::string(asked).c_str(), "bytes=%lu-%lu", &first, &last) >= 1;
        last = std::min(last, c->size - 1);
        auto fields = fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", c->type, last - first + 1);
        if (c->type == oci::media_type::oci_manifest)
            fields += "Docker-Content-Digest: " + registry_.digest_of(*c) + "\r\n";
        if (part)
            fields += fmt::format("Content-Range: bytes {}-{}/{}\r\n", first, last, c->size);
        if (!send_head(part ? 206 : 200, fields))
            return false;
        return request.method() == http::verb::head || send_body(*c, first, last + 1);
    }

    // No faster than the rate, counted from the first byte.
    bool send_body(content const& c, std::uint64_t at, std::uint64_t end) {
        auto const began = clock_type::now();
        for (auto const first = at; at < end;) {
            auto const due = std::chrono::duration<double>(static_cast<double>(at - first) / how_.rate);
            std::this_thread::sleep_until(began + std::chrono::duration_cast<clock_type::duration>(due));
            auto const piece = registry_.bytes(c, at, std::min(piece_size, end - at));
            error_code ec;
            net::write(socket_, net::buffer(piece.data(), piece.size()), ec);
            if (ec)
                return false;
            at += piece.size();
        }
        return true;
    }

    tcp::socket socket_;
    registry const& registry_;
    settings const& how_;
};

} // namespace

int main(int argc, char** argv) {
    settings s;
    CLI::App app("A registry with long round trips and slow connections");
    app.add_option("--port", s.port)->required();
    app.add_option("--images", s.images);
    app.add_option("--layers", s.layers)->check(CLI::Range(1u, 100u));
    app.add_option("--size", s.size, "of a layer")->check(CLI::Range(std::uint64_t{1000}, std::uint64_t{1} << 40));
    app.add_option("--latency", s.latency_ms, "milliseconds");
    app.add_option("--rate", s.rate, "bytes a second on each connection")->check(CLI::PositiveNumber);
    CLI11_PARSE(app, argc, argv);
    registry const images(s);
    net::io_context context;
    tcp::acceptor acceptor(context, {net::ip::address_v4::loopback(), s.port});
    for (;;) {
        tcp::socket socket(context);
        acceptor.accept(socket);
        std::thread([l = line(std::move(socket), images, s)]() mutable { l.serve(); }).detach();
    }
}
