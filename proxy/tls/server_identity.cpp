#include "proxy/tls/server_identity.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

namespace proxy {
namespace {

constexpr std::string_view certificate_key = "file in [[server.certificate]]";
constexpr std::string_view private_key = "key_file in [[server.certificate]]";
constexpr std::string_view clients_key = "client_ca_file in [access]";

// Of what OpenSSL has noted the first: the cause, not what came of it.
std::string reason() {
    auto const e = ERR_get_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(e))
        return std::strerror(ERR_GET_REASON(e));
    auto const* text = ERR_reason_error_string(e);
    return text != nullptr ? text : "it is not PEM";
}

error cannot_use(std::string_view key, std::filesystem::path const& file, std::string_view why) {
    return internal_error(fmt::format("{}: cannot use {}: {}", key, file.string(), why));
}

// A key of the certificate's kind that is another's is refused as it is taken.
bool is_of_another() {
    auto const e = ERR_peek_error();
    return ERR_GET_LIB(e) == ERR_LIB_X509 && ERR_GET_REASON(e) == X509_R_KEY_VALUES_MISMATCH;
}

// HTTP/1.1 is what is spoken here; a client that offers but others finds out by our answer.
int choose_protocol(SSL*, unsigned char const** chosen, unsigned char* size, unsigned char const* offered,
                    unsigned int offered_size, void*) {
    static constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* at = nullptr;
    if (SSL_select_next_proto(&at, size, http_1_1, sizeof http_1_1, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *chosen = at;
    return SSL_TLSEXT_ERR_OK;
}

int no_password(char*, int, int, void*) {
    return 0; // a daemon has nobody to ask
}

void set_rules(SSL_CTX* c) {
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20"); // of TLS 1.2; those of 1.3 are all well
    // Its own but those over finite fields: of ffdhe8192 one costs a thread 120 ms, and whoever asks for it nothing.
    // A list with one that the library does not have (X25519 by FIPS) would be passed over whole.
    if (SSL_CTX_set1_groups_list(c, "X25519:P-256:X448:P-521:P-384") != 1)
        SSL_CTX_set1_groups_list(c, "P-256:P-521:P-384");
    // Whether what came is whole its length says, not how the connection ended (RFC 9112 §9.8).
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA | SSL_OP_ENABLE_KTLS | SSL_OP_IGNORE_UNEXPECTED_EOF);
    // A write ends with each record, may be repeated from another buffer, and an idle connection holds none.
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    // Sessions are resumed by tickets alone: nothing is kept here for clients that are gone.
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(c, 1);
    SSL_CTX_set_alpn_select_cb(c, choose_protocol, nullptr);
    SSL_CTX_set_default_passwd_cb(c, no_password);
}

// Whether this can be used; what the chain is checked for is that it may be a client's (extendedKeyUsage).
bool ask_for_client(SSL_CTX* c, std::filesystem::path const& ca) {
    auto* names = SSL_load_client_CA_file(ca.c_str()); // told to clients, which choose by it
    if (names == nullptr || SSL_CTX_load_verify_file(c, ca.c_str()) != 1)
        return false;
    SSL_CTX_set_client_CA_list(c, names);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
    // Who resumes a session is believed without a look at his certificate, which may be over by then, or its CA gone:
    // no session is resumed. OpenSSL wants them named all the same.
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    static constexpr unsigned char context[] = "layerd";
    return SSL_CTX_set_num_tickets(c, 0) == 1 && SSL_CTX_set_session_id_context(c, context, sizeof context - 1) == 1;
}

} // namespace

std::int64_t unix_seconds(ASN1_TIME const* t) {
    std::tm parts{};
    return ASN1_TIME_to_tm(t, &parts) == 1 ? ::timegm(&parts) : 0;
}

std::string expiry_warning(certificate_life const& c, std::int64_t now) {
    constexpr std::int64_t two_weeks = 14 * 24 * 3600;
    auto const in_time = std::min(two_weeks, (c.expires - c.begins) / 5);
    if (c.expires <= now)
        return fmt::format("certificate {} has expired: clients refuse it", c.file.string());
    if (c.expires - now < in_time)
        return fmt::format("certificate {} expires at {:%Y-%m-%d %H:%M} UTC: clients will refuse it from then on",
                           c.file.string(), fmt::gmtime(static_cast<std::time_t>(c.expires)));
    return {};
}

result<server_identity::context_ptr> server_identity::load_one(certificate_config const& c,
                                                               std::filesystem::path const& client_ca) {
    context_ptr context(SSL_CTX_new(TLS_server_method()));
    if (!context)
        return internal_error("no TLS: " + reason());
    set_rules(context.get());
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context.get(), c.file.c_str()) != 1)
        return cannot_use(certificate_key, c.file, reason());
    // Before the key is taken: a key that belongs to another certificate would silently replace this one's.
    bool const taken = SSL_CTX_use_PrivateKey_file(context.get(), c.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
    if (!taken && !is_of_another())
        return cannot_use(private_key, c.key_file, reason());
    if (!taken || SSL_CTX_check_private_key(context.get()) != 1) {
        ERR_clear_error();
        return cannot_use(private_key, c.key_file, "it does not belong to " + c.file.string());
    }
    if (!client_ca.empty() && !ask_for_client(context.get(), client_ca))
        return cannot_use(clients_key, client_ca, reason());
    return context;
}

certificate_life server_identity::life_of(certificate_config const& c, SSL_CTX* context) {
    auto const* leaf = SSL_CTX_get0_certificate(context);
    return {c.file, unix_seconds(X509_get0_notBefore(leaf)), unix_seconds(X509_get0_notAfter(leaf))};
}

result<certificate_life> server_identity::try_certificate(certificate_config const& c) {
    auto context = load_one(c, {});
    if (!context)
        return context.error();
    return life_of(c, context->get());
}

result<void> server_identity::try_client_ca(std::filesystem::path const& ca) {
    context_ptr const context(SSL_CTX_new(TLS_server_method()));
    ERR_clear_error();
    if (!context || !ask_for_client(context.get(), ca))
        return cannot_use(clients_key, ca, reason());
    return {};
}

result<server_identity::ptr> server_identity::load(identity_files const& files) {
    std::shared_ptr<server_identity> all(new server_identity());
    for (auto const& c : files.certificates) {
        auto context = load_one(c, files.client_ca);
        if (!context)
            return context.error();
        all->lives_.push_back(life_of(c, context->get()));
        all->contexts_.push_back(std::move(*context));
    }
    if (all->contexts_.empty())
        return internal_error("an address that speaks TLS (https://) needs a certificate: write [[server.certificate]] "
                              "with file and key_file into the file that --config names");
    SSL_CTX_set_tlsext_servername_callback(all->context(), choose);
    SSL_CTX_set_tlsext_servername_arg(all->context(), all.get());
    return ptr(std::move(all));
}

std::size_t server_identity::index_for(std::string_view host) const noexcept {
    for (std::size_t i = 0; i < contexts_.size(); ++i)
        if (X509_check_host(SSL_CTX_get0_certificate(contexts_[i].get()), host.data(), host.size(), 0, nullptr) == 1)
            return i;
    return 0;
}

int server_identity::choose(SSL* session, int*, void* self) {
    auto const& all = *static_cast<server_identity const*>(self);
    auto const* host = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    if (host != nullptr)
        SSL_set_SSL_CTX(session, all.contexts_[all.index_for(host)].get());
    return SSL_TLSEXT_ERR_OK;
}

} // namespace proxy
