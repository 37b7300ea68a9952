// A client that speaks TLS record by record, and sends as much of each as the test says.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace tests {

class record_client {
public:
    // Connects and greets, with a record in as many pieces as are `pieces` bytes each; 0: at once. Throws
    // std::runtime_error if that fails.
    record_client(std::uint16_t port, std::filesystem::path const& ca_file, std::size_t pieces = 0);
    ~record_client();
    record_client(record_client const&) = delete;

    // As one record, not yet sent.
    std::string seal(std::string_view text);
    // A record that says that the next ones have another key; TLS 1.3.
    std::string key_update();

    void send(std::string_view bytes);
    void send_urgent(char byte);
    void end(); // no more will be sent
    // Until the end, or `text` is in what came; std::runtime_error after a minute without either.
    std::string read_until(std::string_view text);

private:
    bool receive(); // false: the end
    std::string sealed();

    struct free_tls {
        void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
        void operator()(SSL* s) const { SSL_free(s); }
    };
    std::unique_ptr<SSL_CTX, free_tls> context_;
    std::unique_ptr<SSL, free_tls> tls_;
    BIO* in_; // of tls_, as the next
    BIO* out_;
    int socket_ = -1;
};

} // namespace tests
