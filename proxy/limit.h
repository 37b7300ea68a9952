// The bounds that a client can meet, each counted by its name where somebody did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proxy {

enum class limit : std::uint8_t {
    none,
    connections,     // in all, or of one client
    requests,        // a second, of one client
    head_size,       // of one request
    large_heads,     // that are being read at a time
    body_size,       // of a manifest, a form or a pushed blob
    body_rate,       // a body that comes by the byte
    bodies,          // that are being taken in at a time
    lists,           // that are being made or sent at a time
    upload_sessions, // in all, or of one client
    quota,           // bytes below one prefix
    tags,            // of one repository
    fills,           // downloads at a time, in all or of one client
    relays,          // that go past a store without room at a time, in all or to one client
    disk,            // jobs that wait for it
    logins,          // that are being checked
    watchers,        // pages that are told what happens
    open_files,      // of the process, sockets too: RLIMIT_NOFILE
    header_timeout,  // of a greeting through TLS, or a request's head: from its first byte to its end
    idle_timeout,    // of a connection without a request
    write_timeout,   // of a client that takes no byte of its answer, or keeps a place that others want
    request_timeout, // of one request with its answer
    json_depth       // of a pushed manifest
};
inline constexpr std::size_t limit_count = 23;

// As metrics and the admin API name them.
inline constexpr std::array<std::string_view, limit_count> limit_names{
    "none",           "connections",  "requests",      "head_size",       "large_heads", "body_size",
    "body_rate",      "bodies",       "lists",         "upload_sessions", "quota",       "tags",
    "fills",          "relays",       "disk",          "logins",          "watchers",    "open_files",
    "header_timeout", "idle_timeout", "write_timeout", "request_timeout", "json_depth"};

} // namespace proxy
