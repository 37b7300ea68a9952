#include "tests/support/tls_client.h"

#include "tests/support/bounded.h"

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include <openssl/x509v3.h>

namespace tests {

namespace asio = boost::asio;
namespace http = boost::beast::http;

tls_client::tls_client(std::uint16_t port, std::filesystem::path const& ca_file, wish w)
    : tls_(asio::ssl::context::tls_client), stream_((tls_.load_verify_file(ca_file.string()), context_), tls_) {
    stream_.set_verify_mode(asio::ssl::verify_peer);
    stream_.set_verify_callback(asio::ssl::host_name_verification(w.host));
    SSL_set_tlsext_host_name(stream_.native_handle(), w.host.c_str());
    if (!w.protocols.empty())
        SSL_set_alpn_protos(stream_.native_handle(), reinterpret_cast<unsigned char const*>(w.protocols.data()),
                            static_cast<unsigned>(w.protocols.size()));
    if (!w.own.file.empty()) {
        SSL_use_certificate_chain_file(stream_.native_handle(), w.own.file.c_str());
        SSL_use_PrivateKey_file(stream_.native_handle(), w.own.key_file.c_str(), SSL_FILETYPE_PEM);
    }
    if (w.newest != 0)
        SSL_set_max_proto_version(stream_.native_handle(), w.newest);
    stream_.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    auto ec = bounded(
        context_, [&](auto done) { stream_.async_handshake(asio::ssl::stream_base::client, done); },
        [this] { give_up(); });
    if (ec)
        throw boost::system::system_error(ec);
}

http_answer tls_client::request(std::string const& method, std::string const& target, http_client::headers h,
                                std::string const& body) {
    http::request<http::string_body> r;
    r.method_string(method);
    r.target(target);
    r.set(http::field::host, "layerd.test");
    for (auto const& [name, value] : h)
        r.insert(name, value);
    r.body() = body;
    r.prepare_payload();
    auto ec = bounded(
        context_, [&](auto done) { http::async_write(stream_, r, done); }, [this] { give_up(); });
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    parser.skip(method == "HEAD");
    if (!ec)
        ec = bounded(
            context_, [&](auto done) { http::async_read(stream_, buffer_, parser, done); }, [this] { give_up(); });
    http_answer a;
    a.complete = !ec;
    a.status = parser.get().result_int();
    a.body = std::move(parser.get().body());
    a.fields = parser.get().base();
    return a;
}

void tls_client::send_get(std::string const& target) {
    auto const text = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    auto const ec = bounded(
        context_, [&](auto done) { asio::async_write(stream_, asio::buffer(text), done); }, [this] { give_up(); });
    if (ec)
        throw boost::system::system_error(ec, "write");
}

std::string tls_client::read_raw_until(std::string const& text) {
    auto ec = bounded(
        context_, [&](auto done) { asio::async_read_until(stream_, asio::dynamic_buffer(raw_), text, done); },
        [this] { give_up(); });
    if (ec)
        throw boost::system::system_error(ec);
    return raw_;
}

std::string tls_client::read_raw(std::size_t size) {
    while (raw_.size() < size) {
        auto ec = bounded(
            context_,
            [&](auto done) {
                asio::async_read(stream_, asio::dynamic_buffer(raw_), asio::transfer_exactly(size - raw_.size()), done);
            },
            [this] { give_up(); });
        if (ec)
            throw boost::system::system_error(ec);
    }
    return raw_;
}

std::string tls_client::version() {
    return SSL_get_version(stream_.native_handle());
}

std::string tls_client::protocol() {
    unsigned char const* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(stream_.native_handle(), &name, &size);
    return {reinterpret_cast<char const*>(name), size};
}

std::string tls_client::first_name_of_peer() {
    auto* const certificate = SSL_get1_peer_certificate(stream_.native_handle());
    auto* const names =
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    auto const* first = sk_GENERAL_NAME_value(names, 0)->d.dNSName;
    std::string const name(reinterpret_cast<char const*>(ASN1_STRING_get0_data(first)),
                           static_cast<std::size_t>(ASN1_STRING_length(first)));
    GENERAL_NAMES_free(names);
    X509_free(certificate);
    return name;
}

bool tls_client::can_be_resumed() {
    auto const* session = SSL_get0_session(stream_.native_handle());
    return session != nullptr && SSL_SESSION_is_resumable(session) == 1;
}

bool tls_client::has_ended() {
    char one = 0;
    auto ec = bounded(
        context_, [&](auto done) { asio::async_read(stream_, asio::buffer(&one, 1), done); }, [this] { give_up(); });
    return ec == asio::error::eof;
}

} // namespace tests
