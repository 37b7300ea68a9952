#include "proxy/cli/client_config.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <array>

namespace proxy {
namespace {

struct mirrored_registry {
    std::string_view name;   // as images name it
    std::string_view server; // where it is
};
constexpr std::array<mirrored_registry, 2> mirrored{
    {{"docker.io", "https://registry-1.docker.io"}, {"ghcr.io", "https://ghcr.io"}}};

// "host:port". The port may be left out only where the dot shows that this is a host: without either, clients take the
// name for a user on Docker Hub. Port 80 stays, or podman would try 443 first.
std::string host_of(endpoint_config const& e) {
    auto const host = e.host.find(':') == e.host.npos ? e.host : fmt::format("[{}]", e.host);
    bool const plain = e.tls && e.port == 443 && e.host.find('.') != e.host.npos;
    return plain ? host : fmt::format("{}:{}", host, e.port);
}

bool is_loopback(std::string const& host) {
    boost::system::error_code ec;
    auto const ip = boost::asio::ip::make_address(host, ec);
    return ec ? host == "localhost" : ip.is_loopback();
}

std::string url_of(endpoint_config const& e) {
    return fmt::format("{}://{}", e.tls ? "https" : "http", host_of(e));
}

client_lines for_buildkit(endpoint_config const& mirror) {
    auto const host = host_of(mirror);
    client_lines c;
    for (auto const& r : mirrored)
        c.lines += fmt::format("[registry.\"{}\"]\n  mirrors = [\"{}\"]\n", r.name, host);
    if (!mirror.tls)
        c.lines += fmt::format("[registry.\"{}\"]\n  http = true\n", host);
    c.hints = "# Into buildkitd.toml: /etc/buildkit/buildkitd.toml, rootless ~/.config/buildkit/buildkitd.toml, or\n"
              "# docker buildx create --buildkitd-config FILE; then restart buildkitd.\n";
    if (is_loopback(mirror.host))
        c.hints += fmt::format(
            "# A buildkitd in a container does not reach {}: give it --url with this host's address.\n", host);
    return c;
}

client_lines for_containerd(endpoint_config const& mirror) {
    client_lines c;
    // No skip_verify and no ca here: with any TLS setting, containerd tries TLS first even on an http:// host.
    for (auto const& r : mirrored)
        c.lines += fmt::format("# /etc/containerd/certs.d/{}/hosts.toml\n"
                               "server = \"{}\"\n\n"
                               "[host.\"{}\"]\n"
                               "  capabilities = [\"pull\", \"resolve\"]\n\n",
                               r.name, r.server, url_of(mirror));
    c.lines += "# /etc/containerd/config.toml: containerd 1.x (version = 2)\n"
               "[plugins.\"io.containerd.grpc.v1.cri\".registry]\n"
               "  config_path = \"/etc/containerd/certs.d\"\n\n"
               "# /etc/containerd/config.toml: containerd 2.x (version = 3)\n"
               "[plugins.\"io.containerd.cri.v1.images\".registry]\n"
               "  config_path = \"/etc/containerd/certs.d\"\n";
    c.hints =
        "# Each part into the file named above it. The hosts.toml files are read at every pull; containerd restarts\n"
        "# only for config.toml, which concerns Kubernetes. By hand: nerdctl reads them as they are, ctr with\n"
        "# --hosts-dir /etc/containerd/certs.d\n";
    return c;
}

client_lines for_docker(endpoint_config const& mirror) {
    client_lines c;
    c.lines = fmt::format("{{\n  \"registry-mirrors\": [\"{}\"]", url_of(mirror));
    // Docker takes loopback for insecure by itself; its BuildKit speaks plain HTTP elsewhere only to hosts listed so.
    if (!mirror.tls && !is_loopback(mirror.host))
        c.lines += fmt::format(",\n  \"insecure-registries\": [\"{}\"]", host_of(mirror));
    c.lines += "\n}\n";
    c.hints = "# Into /etc/docker/daemon.json, beside what is there; then: systemctl restart docker\n"
              "# Docker mirrors docker.io alone. Images of ghcr.io by the mirror's name: " +
              host_of(mirror) + "/ghcr.io/OWNER/IMAGE\n";
    return c;
}

client_lines for_podman(endpoint_config const& mirror) {
    client_lines c;
    for (auto const& r : mirrored) {
        c.lines += fmt::format("{}[[registry]]\nprefix = \"{}\"\nlocation = \"{}\"\n\n", c.lines.empty() ? "" : "\n",
                               r.name, r.name);
        c.lines += fmt::format("[[registry.mirror]]\nlocation = \"{}/{}\"\n", host_of(mirror), r.name);
        if (!mirror.tls)
            c.lines += "insecure = true\n";
    }
    c.hints =
        "# Into /etc/containers/registries.conf.d/layerd.conf (or registries.conf); podman, buildah, skopeo and CRI-O\n"
        "# read it at every pull.\n";
    return c;
}

} // namespace

std::optional<client_kind> client_kind_of(std::string_view name) noexcept {
    if (name == "buildkit")
        return client_kind::buildkit;
    if (name == "containerd")
        return client_kind::containerd;
    if (name == "docker")
        return client_kind::docker;
    if (name == "podman")
        return client_kind::podman;
    return std::nullopt;
}

client_lines client_config(client_kind kind, endpoint_config const& mirror) {
    switch (kind) {
    case client_kind::buildkit:
        return for_buildkit(mirror);
    case client_kind::containerd:
        return for_containerd(mirror);
    case client_kind::docker:
        return for_docker(mirror);
    case client_kind::podman:
        return for_podman(mirror);
    }
    return {};
}

} // namespace proxy
