// Who this server is to a client that speaks TLS: certificates with their keys, chosen by the name that the client
// wants to reach (SNI, RFC 6066 §3). TLS 1.2 and newer with forward secrecy; nothing is renegotiated or compressed.
// Where a CA of clients is configured they may show a certificate of it, and need not; one of another CA, or one that
// has expired, ends the handshake, and each connection has one of its own: none goes on from another's.
#pragma once

#include "proxy/config/config.h"
#include "proxy/error.h"

#include <openssl/ssl.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// What an identity is read from.
struct identity_files {
    std::vector<certificate_config> certificates;
    std::filesystem::path client_ca{}; // PEM, of certificates that clients may show; empty: they are not asked for any
};

// One that is shown, for how long, in Unix seconds.
struct certificate_life {
    std::filesystem::path file;
    std::int64_t begins = 0;
    std::int64_t expires = 0;
};

// Immutable: any thread.
class server_identity {
public:
    using ptr = std::shared_ptr<server_identity const>;

    // Reads the files; blocks. Of each certificate the chain, the key, and that they belong together are checked. The
    // first is for clients that name no host, or one that no certificate is for.
    static result<ptr> load(identity_files const& files);

    // What load() would say of one pair of files, or of the clients' CA, alone; block. Errors name the configuration's
    // key, here as there.
    static result<certificate_life> try_certificate(certificate_config const& c);
    static result<void> try_client_ca(std::filesystem::path const& ca);

    // To make sessions from; it turns to the right certificate by itself, as long as this lives.
    SSL_CTX* context() const noexcept { return contexts_.front().get(); }

    // Which certificate, in the order of the configuration, a client gets that wants to reach this host.
    std::size_t index_for(std::string_view host) const noexcept;

    std::vector<certificate_life> const& lives() const noexcept { return lives_; } // in the same order

private:
    struct free_context {
        void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
    };
    using context_ptr = std::unique_ptr<SSL_CTX, free_context>;

    server_identity() = default;
    static result<context_ptr> load_one(certificate_config const& c, std::filesystem::path const& client_ca);
    static certificate_life life_of(certificate_config const& c, SSL_CTX* context);
    static int choose(SSL* session, int* alert, void* self);

    std::vector<context_ptr> contexts_;
    std::vector<certificate_life> lives_;
};

// Why clients refuse it, or soon will; "": they do not. Soon is within two weeks, or, of one that lives for days,
// within the last fifth of its life.
std::string expiry_warning(certificate_life const& c, std::int64_t now);

// 0 of what is no time.
std::int64_t unix_seconds(ASN1_TIME const* t);

} // namespace proxy
