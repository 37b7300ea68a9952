// In which group a client is counted: one of the configuration, else what stands before the version in its User-Agent,
// its address, or its user.
//
// What clients say of themselves may be anything, so it counts only where it is short and plain.
#pragma once

#include "proxy/config/config.h"

#include <string_view>

namespace proxy {

struct client_identity {
    std::string_view address;    // without the port, as an endpoint prints it
    std::string_view user;       // as it logged in; empty: it did not
    std::string_view user_agent; // the whole field
};

// Immutable; any thread.
class client_groups {
public:
    explicit client_groups(stats_config const& c) : config_(c) {} // which must outlive this

    // Never empty. Of the configuration's text or the identity's.
    std::string_view of(client_identity const& c) const;

private:
    stats_config const& config_;
};

// "buildkit" of "buildkit/v0.12 (linux)"; "other" of what is not plain, "unknown" of nothing.
std::string_view user_agent_family(std::string_view user_agent) noexcept;

} // namespace proxy
