#include "proxy/cli/client_config.h"

#include "proxy/cli/indented.h"
#include "proxy/cli/kubernetes_manifest.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <array>
#include <vector>

namespace proxy {
namespace {

struct known_client {
    std::string_view name;
    client_kind kind;
};
constexpr std::array<known_client, 8> clients{{{"buildkit", client_kind::buildkit},
                                               {"containerd", client_kind::containerd},
                                               {"docker", client_kind::docker},
                                               {"podman", client_kind::podman},
                                               {"cri-o", client_kind::crio},
                                               {"trivy", client_kind::trivy},
                                               {"github-actions", client_kind::github_actions},
                                               {"kubernetes", client_kind::kubernetes}}};

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

// One registry's hosts.toml. No skip_verify and no ca here: with any TLS setting, containerd tries TLS first even on an
// http:// host.
std::string hosts_toml(mirrored_registry const& r, endpoint_config const& mirror) {
    return fmt::format("server = \"{}\"\n\n"
                       "[host.\"{}\"]\n"
                       "  capabilities = [\"pull\", \"resolve\"]\n",
                       r.server, url_of(mirror));
}

client_lines for_containerd(endpoint_config const& mirror) {
    client_lines c;
    for (auto const& r : mirrored)
        c.lines += fmt::format("# /etc/containerd/certs.d/{}/hosts.toml\n{}\n", r.name, hosts_toml(r, mirror));
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
        "# Into /etc/containers/registries.conf.d/layerd.conf (or registries.conf); podman, buildah and skopeo read\n"
        "# it at every pull.\n";
    return c;
}

client_lines for_crio(endpoint_config const& mirror) {
    auto c = for_podman(mirror);
    c.hints = "# Into /etc/containers/registries.conf.d/layerd.conf on each node; then: systemctl reload crio\n";
    return c;
}

client_lines for_trivy(endpoint_config const& mirror) {
    client_lines c;
    c.lines = "registry:\n  mirrors:\n";
    // Trivy puts the mirror where the registry's name stands in the image, and calls Docker Hub by its older name.
    for (auto const& r : mirrored)
        c.lines += fmt::format("    {}{}:\n      - \"{}/{}\"\n", r.name == "docker.io" ? "index." : "", r.name,
                               host_of(mirror), r.name);
    // Its databases would come from a registry that is mirrored nowhere here; the second of each is for want of the
    // first.
    c.lines += "db:\n";
    auto const database = [&mirror](std::string_view key, std::string_view image) {
        return fmt::format("  {}:\n    - \"{}/{}\"\n    - \"{}\"\n", key, host_of(mirror), image, image);
    };
    c.lines += database("repository", "ghcr.io/aquasecurity/trivy-db:2");
    c.lines += database("java-repository", "ghcr.io/aquasecurity/trivy-java-db:1");
    if (!mirror.tls)
        c.lines += "insecure: true\n";
    c.hints = "# Into trivy.yaml where trivy is started, or the file that --config names. Trivy 0.59 and later.\n";
    return c;
}

client_lines for_github_actions(endpoint_config const& mirror) {
    client_lines c;
    c.lines = "- name: Set up BuildKit behind layerd\n"
              "  uses: docker/setup-buildx-action@v3\n"
              "  with:\n";
    // The action runs buildkitd in a container, whose loopback is another one.
    if (is_loopback(mirror.host))
        c.lines += "    driver-opts: network=host\n";
    c.lines += "    buildkitd-config-inline: |\n" + indented(for_buildkit(mirror).lines, 6);
    c.hints = "# Among the steps of a job, before docker/build-push-action. The runner must reach the mirror, as one "
              "of your\n"
              "# own does.\n";
    return c;
}

client_lines for_kubernetes(endpoint_config const& mirror) {
    client_lines c;
    std::vector<hosts_file> files;
    for (auto const& r : mirrored)
        files.push_back({std::string(r.name), hosts_toml(r, mirror)});
    c.lines = kubernetes_manifest(files);
    c.hints =
        "# kubectl apply -f FILE. The files stay when it is deleted; a node whose mirror does not answer asks the\n"
        "# registry itself. Nodes with CRI-O: layerd client-config cri-o. k3s and RKE2 write these files\n"
        "# themselves, from /etc/rancher/k3s/registries.yaml.\n";
    if (is_loopback(mirror.host))
        c.hints += fmt::format("# {} is each node's own: layerd must run on every one of them.\n", host_of(mirror));
    return c;
}

} // namespace

std::optional<client_kind> client_kind_of(std::string_view name) noexcept {
    for (auto const& c : clients)
        if (c.name == name)
            return c.kind;
    return std::nullopt;
}

std::string client_names(std::string_view separator) {
    std::string all;
    for (auto const& c : clients)
        all.append(all.empty() ? "" : separator).append(c.name);
    return all;
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
    case client_kind::crio:
        return for_crio(mirror);
    case client_kind::trivy:
        return for_trivy(mirror);
    case client_kind::github_actions:
        return for_github_actions(mirror);
    case client_kind::kubernetes:
        return for_kubernetes(mirror);
    }
    return {};
}

} // namespace proxy
