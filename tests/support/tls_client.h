// A blocking HTTPS client for tests, one connection per object: it trusts one CA and wants to reach one host.
#pragma once

#include "proxy/config/config.h"
#include "tests/support/http_client.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <filesystem>

namespace tests {

class tls_client {
public:
    struct wish {
        std::string host = "localhost";  // named to the server, and checked in its certificate
        std::string protocols{};         // ALPN, as on the wire: "\x02h2\x08http/1.1"
        int newest = 0;                  // TLS1_2_VERSION; 0: whatever there is
        proxy::certificate_config own{}; // shown to a server that asks for one; none: nothing is shown
    };

    // Connects and greets; throws boost::system::system_error if the server's certificate will not do, or its TLS.
    tls_client(std::uint16_t port, std::filesystem::path const& ca_file) : tls_client(port, ca_file, wish()) {}
    tls_client(std::uint16_t port, std::filesystem::path const& ca_file, wish w);

    http_answer get(std::string const& target, http_client::headers h = {}) { return request("GET", target, h); }
    http_answer request(std::string const& method, std::string const& target, http_client::headers h = {},
                        std::string const& body = {});

    // In steps: the request, and what has come of the answer once `text` is in it.
    void send_get(std::string const& target);
    std::string read_raw_until(std::string const& text);
    std::string read_raw(std::size_t size); // all bytes since the request, of which there are at least so many

    std::string version();            // "TLSv1.3"
    std::string protocol();           // that the server chose of those offered; "" if none
    std::string first_name_of_peer(); // in its certificate
    bool can_be_resumed();            // the server has sent a ticket, or remembers the session
    bool has_ended();                 // the server says that it sends no more

private:
    void give_up() { stream_.next_layer().close(); }

    boost::asio::io_context context_;
    boost::asio::ssl::context tls_;
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
    boost::beast::flat_buffer buffer_;
    std::string raw_;
};

} // namespace tests
