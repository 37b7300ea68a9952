// Where an HTTP request goes: scheme, host and port, and the target below them. The registry itself, the hosts it
// redirects to and its token server are all named so.
//
// A target is kept exactly as it was received: signed URLs do not survive being normalised.
#pragma once

#include "proxy/config/config.h"
#include "proxy/error.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

struct origin {
    bool tls = true;
    std::string host; // lower case; an IPv6 address without brackets
    std::uint16_t port = 443;

    std::string to_string() const;  // "https://ghcr.io"
    std::string host_field() const; // the Host field: the port only where it isn't the scheme's own
    bool is_address() const;        // the host is an IP address, not a name

    friend auto operator<=>(origin const&, origin const&) = default;
};

origin origin_of(endpoint_config const& endpoint);

struct location {
    origin at;
    std::string target; // "/path?query"; no fragment

    friend bool operator==(location const&, location const&) = default;
};

// An absolute http or https URL. User name and fragment are dropped. Nothing if it is anything else.
std::optional<location> parse_location(std::string_view url);

// A Location field as answered by `from`, absolute or relative. Bytes that have no place in a URL but turn up in
// real ones are percent-encoded first.
std::optional<location> resolve_location(location const& from, std::string_view field);

} // namespace proxy
