#include "proxy/upstream/tls_context.h"

#include <fmt/format.h>

#include <stdexcept>

namespace proxy {

namespace ssl = boost::asio::ssl;

ssl::context make_tls_context(std::filesystem::path const& ca_file) {
    ssl::context context(ssl::context::tls_client);
    boost::system::error_code ec;
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    context.set_verify_mode(ssl::verify_peer);
    context.set_default_verify_paths(ec); // a machine without CAs can still use ca_file
    if (!ca_file.empty()) {
        context.load_verify_file(ca_file.string(), ec);
        if (ec)
            throw std::runtime_error(fmt::format("cannot use CA file {}: {}", ca_file.string(), ec.message()));
    }
    // Some CDNs choose HTTP/2 for a client that says nothing.
    static constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(context.native_handle(), http_1_1, sizeof http_1_1);
    return context;
}

} // namespace proxy
