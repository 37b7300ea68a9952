// What we ask of a server's certificate: a chain to a CA that the system (or the operator's file) trusts, and the
// name that we meant to reach. TLS 1.2 and newer.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <filesystem>

namespace proxy {

// Throws std::runtime_error if `ca_file` is named and cannot be used: a start-up error. Afterwards any thread may
// make streams from it.
boost::asio::ssl::context make_tls_context(std::filesystem::path const& ca_file);

} // namespace proxy
