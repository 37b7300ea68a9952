#include "proxy/upstream/transport_error.h"

#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/error.hpp>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>

namespace proxy {

namespace {

std::string reason(error_code ec) {
    if (ec == beast::error::timeout || ec == net::error::timed_out)
        return "timed out";
    if (ec == net::error::eof || ec == net::ssl::error::stream_truncated)
        return "connection closed";
    if (ec.category() == net::error::get_ssl_category() &&
        ERR_GET_REASON(ec.value()) == SSL_R_CERTIFICATE_VERIFY_FAILED)
        return "its certificate is not trusted, or is for another name";
    return ec.message();
}

bool is_want_of_descriptors(error_code ec) {
    return ec == net::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system;
}

} // namespace

error transport_error(error_code ec, std::string_view doing, origin const& peer) {
    if (is_want_of_descriptors(ec)) {
        auto e = overloaded("too many files and connections are open; try again", limit::open_files);
        e.retry = retry_class::next_endpoint; // it passes: a download under way is not given up for it
        return e;
    }
    bool const late = ec == beast::error::timeout || ec == net::error::timed_out;
    return upstream_error(late ? 504 : 502, fmt::format("{} {}: {}", doing, peer.to_string(), reason(ec)));
}

} // namespace proxy
