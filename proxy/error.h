// What can go wrong while a request is served: what the client is told, whose fault it was, and whether the
// same thing may work elsewhere or later.
#pragma once

#include "oci/error.h"
#include "proxy/limit.h"
#include "store/error.h"

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace proxy {

enum class error_source : std::uint8_t { client, upstream, store, internal };

enum class retry_class : std::uint8_t {
    never,           // a definite answer: asking again gives the same
    next_endpoint,   // this endpoint could not do it; another may
    fresh_connection // a reused connection broke before any answer: once more on a new one
};

std::string_view to_string(error_source s) noexcept;
std::string_view to_string(retry_class r) noexcept;

struct error {
    oci::errc code = oci::errc::unknown;
    error_source source = error_source::internal;
    retry_class retry = retry_class::never;
    unsigned status = 500;               // of our answer to the client; never an upstream's 401, 429 or redirect
    std::string message;                 // for the client and the log: no secret, no URL with a query, no path of ours
    std::string detail{};                // for the log alone: what the message left out
    std::chrono::seconds retry_after{0}; // Retry-After of our answer (RFC 9110, section 10.2.3); 0: none is sent
    limit over = limit::none;            // the bound that was met
    bool doubtful =
        false; // of a refusal: not the registry's word about the content, perhaps our login's fault or a URL's
};

std::string for_log(error const& e); // "message: detail"

template <class T>
using result = boost::system::result<T, error>;

[[noreturn]] void throw_exception_from_error(error const& e, boost::source_location const& where);

// The one mapping of the lower layers' errors. What the store says of itself is for the log.
error from_oci(oci::error e);
error from_store(store::error const& e);

// The disk or the store's limit has no room for the content. Nothing is wrong with the content itself.
bool is_no_room(error const& e) noexcept;

// 502/503/504 in the protocol's words (UNAVAILABLE), so that clients move on to their next mirror.
error upstream_error(unsigned status, std::string message, retry_class retry = retry_class::next_endpoint);
error internal_error(std::string message);

// So much is under way that more would only wait: 503 with Retry-After, at once, so that clients go elsewhere or come
// back.
error overloaded(std::string message, limit over = limit::none);
bool is_overload(error const& e) noexcept;

} // namespace proxy
