#include "tests/support/record_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

namespace tests {

record_client::record_client(std::uint16_t port, std::filesystem::path const& ca_file, std::size_t pieces)
    : context_(SSL_CTX_new(TLS_client_method())), tls_(SSL_new(context_.get())), in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    SSL_CTX_load_verify_file(context_.get(), ca_file.c_str());
    SSL_set_verify(tls_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_set_bio(tls_.get(), in_, out_);
    timeval const patience{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int const on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0)
        throw std::runtime_error("no connection");
    while (SSL_connect(tls_.get()) != 1) {
        auto const said = sealed();
        auto const piece = pieces == 0 ? said.size() : pieces;
        for (std::size_t i = 0; i < said.size(); i += piece)
            send(std::string_view(said).substr(i, piece));
        if (!receive())
            throw std::runtime_error("not greeted");
    }
    send(sealed());
}

record_client::~record_client() {
    ::close(socket_);
}

std::string record_client::sealed() {
    char* data = nullptr;
    auto const size = BIO_get_mem_data(out_, &data);
    std::string bytes(data, static_cast<std::size_t>(size));
    BIO_reset(out_);
    return bytes;
}

std::string record_client::seal(std::string_view text) {
    if (SSL_write(tls_.get(), text.data(), static_cast<int>(text.size())) != static_cast<int>(text.size()))
        throw std::runtime_error("not written");
    return sealed();
}

std::string record_client::key_update() {
    if (SSL_key_update(tls_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(tls_.get()) != 1)
        throw std::runtime_error("no new key");
    return sealed();
}

void record_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        auto const n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0)
            throw std::runtime_error("not sent");
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

void record_client::send_urgent(char byte) {
    if (::send(socket_, &byte, 1, MSG_OOB | MSG_NOSIGNAL) != 1)
        throw std::runtime_error("not sent");
}

void record_client::end() {
    ::shutdown(socket_, SHUT_WR);
}

bool record_client::receive() {
    std::array<char, 16384> bytes{};
    auto const n = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (n < 0 && errno == EAGAIN)
        throw std::runtime_error("nothing in a minute");
    return n > 0 && BIO_write(in_, bytes.data(), static_cast<int>(n)) == n;
}

std::string record_client::read_until(std::string_view text) {
    std::string all;
    std::array<char, 16384> bytes{};
    while (all.find(text) == std::string::npos) {
        auto const n = SSL_read(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
        if (n > 0)
            all.append(bytes.data(), static_cast<std::size_t>(n));
        else if (SSL_get_error(tls_.get(), n) != SSL_ERROR_WANT_READ || !receive())
            break;
    }
    return all;
}

} // namespace tests
