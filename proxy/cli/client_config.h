// The exact lines that make a client use this mirror for docker.io and ghcr.io. conf/clients has them for a mirror at
// layerd.lan:5000, which a test holds against these.
#pragma once

#include "proxy/config/config.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

enum class client_kind : std::uint8_t { buildkit, containerd, docker, podman, crio, trivy, github_actions, kubernetes };

std::optional<client_kind> client_kind_of(std::string_view name) noexcept;
std::string client_names(std::string_view separator); // all that client_kind_of() knows

struct client_lines {
    std::string lines; // as they go into the file; where there are several files, each below a comment with its path
    std::string hints; // where the lines go and what to do then, for the reader
};

// `mirror` is where the client reaches the registry API; it has no path.
client_lines client_config(client_kind kind, endpoint_config const& mirror);

} // namespace proxy
