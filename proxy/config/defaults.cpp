// What runs without a file, and where its store lies.
#include "proxy/config/config.h"

#include <unistd.h>

#include <cstdlib>

namespace proxy {

config default_config() {
    upstream_config docker;
    docker.name = "docker.io";
    docker.aliases = {"index.docker.io", "registry-1.docker.io"};
    docker.endpoints = {{.tls = true, .host = "registry-1.docker.io", .port = 443, .path = ""}};
    docker.is_default = true;

    upstream_config github;
    github.name = "ghcr.io";
    github.endpoints = {{.tls = true, .host = "ghcr.io", .port = 443, .path = ""}};

    config c;
    c.upstreams = {std::move(docker), std::move(github)};
    return c;
}

std::filesystem::path default_store_path() {
    // XDG Base Directory Specification: a relative value is invalid and counts as unset.
    if (char const* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
        return std::filesystem::path(state) / "layerd";
    if (::geteuid() == 0)
        return "/var/lib/layerd";
    if (char const* home = std::getenv("HOME"); home != nullptr && *home == '/')
        return std::filesystem::path(home) / ".local/state/layerd";
    return "/var/lib/layerd";
}

} // namespace proxy
