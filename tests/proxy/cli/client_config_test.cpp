#include "proxy/cli/client_config.h"
#include "tests/catch.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace proxy;

namespace {

std::string lines(client_kind kind, std::string_view url) {
    return client_config(kind, *parse_endpoint(url)).lines;
}
std::string hints(client_kind kind, std::string_view url) {
    return client_config(kind, *parse_endpoint(url)).hints;
}

std::vector<std::string> split(std::string const& words) {
    std::istringstream in(words);
    return {std::istream_iterator<std::string>(in), {}};
}

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != text.npos;
}

} // namespace

TEST_CASE("buildkitd.toml names the mirror of each registry and marks it as plain HTTP") {
    CHECK(lines(client_kind::buildkit, "http://10.0.0.5:5000") == R"([registry."docker.io"]
  mirrors = ["10.0.0.5:5000"]
[registry."ghcr.io"]
  mirrors = ["10.0.0.5:5000"]
[registry."10.0.0.5:5000"]
  http = true
)");
    CHECK_FALSE(has(lines(client_kind::buildkit, "https://mirror.example.com"), "http = true"));
}

TEST_CASE("a BuildKit in a container is warned of loopback") {
    CHECK(has(hints(client_kind::buildkit, "http://localhost:5000"), "in a container"));
    CHECK(has(hints(client_kind::buildkit, "http://127.0.0.1:5000"), "in a container"));
    CHECK_FALSE(has(hints(client_kind::buildkit, "http://10.0.0.5:5000"), "in a container"));
}

TEST_CASE("containerd gets a hosts.toml for each registry, below its path") {
    auto const text = lines(client_kind::containerd, "http://10.0.0.5:5000");
    CHECK(has(text, R"(# /etc/containerd/certs.d/docker.io/hosts.toml
server = "https://registry-1.docker.io"

[host."http://10.0.0.5:5000"]
  capabilities = ["pull", "resolve"]
)"));
    CHECK(has(text, R"(# /etc/containerd/certs.d/ghcr.io/hosts.toml
server = "https://ghcr.io"

[host."http://10.0.0.5:5000"]
)"));
    CHECK(has(text, "[plugins.\"io.containerd.grpc.v1.cri\".registry]"));
    CHECK(has(text, "[plugins.\"io.containerd.cri.v1.images\".registry]"));
    // Any TLS setting would make containerd try TLS first on a plain host.
    CHECK_FALSE(has(text, "skip_verify"));
}

TEST_CASE("dockerd lists a plain mirror as insecure unless it is loopback") {
    CHECK(
        lines(client_kind::docker, "http://10.0.0.5:5000") ==
        "{\n  \"registry-mirrors\": [\"http://10.0.0.5:5000\"],\n  \"insecure-registries\": [\"10.0.0.5:5000\"]\n}\n");
    CHECK(lines(client_kind::docker, "http://127.0.0.1:5000") ==
          "{\n  \"registry-mirrors\": [\"http://127.0.0.1:5000\"]\n}\n");
    CHECK(lines(client_kind::docker, "https://mirror.example.com") ==
          "{\n  \"registry-mirrors\": [\"https://mirror.example.com\"]\n}\n");
}

TEST_CASE("podman's mirror location carries the registry's name") {
    CHECK(lines(client_kind::podman, "http://10.0.0.5:5000") == R"([[registry]]
prefix = "docker.io"
location = "docker.io"

[[registry.mirror]]
location = "10.0.0.5:5000/docker.io"
insecure = true

[[registry]]
prefix = "ghcr.io"
location = "ghcr.io"

[[registry.mirror]]
location = "10.0.0.5:5000/ghcr.io"
insecure = true
)");
    CHECK_FALSE(has(lines(client_kind::podman, "https://mirror.example.com"), "insecure"));
}

TEST_CASE("CRI-O reads what podman reads") {
    CHECK(lines(client_kind::crio, "http://10.0.0.5:5000") == lines(client_kind::podman, "http://10.0.0.5:5000"));
    CHECK(has(hints(client_kind::crio, "http://10.0.0.5:5000"), "reload crio"));
}

TEST_CASE("Trivy is told the mirror by Docker Hub's older name, with the registry in its path") {
    CHECK(lines(client_kind::trivy, "http://10.0.0.5:5000") == R"(registry:
  mirrors:
    index.docker.io:
      - "10.0.0.5:5000/docker.io"
    ghcr.io:
      - "10.0.0.5:5000/ghcr.io"
db:
  repository:
    - "10.0.0.5:5000/ghcr.io/aquasecurity/trivy-db:2"
    - "ghcr.io/aquasecurity/trivy-db:2"
  java-repository:
    - "10.0.0.5:5000/ghcr.io/aquasecurity/trivy-java-db:1"
    - "ghcr.io/aquasecurity/trivy-java-db:1"
insecure: true
)");
    CHECK_FALSE(has(lines(client_kind::trivy, "https://mirror.example.com"), "insecure"));
}

TEST_CASE("a GitHub workflow gets BuildKit's lines, and the host's network where the mirror is on it") {
    CHECK(lines(client_kind::github_actions, "http://10.0.0.5:5000") == R"(- name: Set up BuildKit behind layerd
  uses: docker/setup-buildx-action@v3
  with:
    buildkitd-config-inline: |
      [registry."docker.io"]
        mirrors = ["10.0.0.5:5000"]
      [registry."ghcr.io"]
        mirrors = ["10.0.0.5:5000"]
      [registry."10.0.0.5:5000"]
        http = true
)");
    CHECK(has(lines(client_kind::github_actions, "http://127.0.0.1:5000"), "    driver-opts: network=host\n"));
}

TEST_CASE("a cluster's nodes get containerd's files, and their administrator what containerd needs to read them") {
    auto const text = lines(client_kind::kubernetes, "http://10.0.0.5:5000");
    CHECK(has(text, R"(data:
  docker.io: |
    server = "https://registry-1.docker.io"

    [host."http://10.0.0.5:5000"]
      capabilities = ["pull", "resolve"]
  ghcr.io: |
    server = "https://ghcr.io"
)"));
    CHECK(has(text, "config_path = \"/etc/containerd/certs.d\""));
    CHECK(has(hints(client_kind::kubernetes, "http://127.0.0.1:5000"), "each node's own"));
    CHECK_FALSE(has(hints(client_kind::kubernetes, "http://10.0.0.5:5000"), "each node's own"));
}

TEST_CASE("conf/clients has the lines of every client for layerd.lan") {
    auto const file_of = std::map<std::string, std::string>{{"buildkit", "buildkitd.toml"},
                                                            {"containerd", "containerd.txt"},
                                                            {"docker", "daemon.json"},
                                                            {"podman", "registries.conf"},
                                                            {"cri-o", "registries.conf"},
                                                            {"trivy", "trivy.yaml"},
                                                            {"github-actions", "github-actions.yml"},
                                                            {"kubernetes", "kubernetes.yaml"}};
    for (auto const& name : split(client_names(" "))) {
        INFO(name);
        REQUIRE(file_of.count(name) == 1);
        std::stringstream text;
        text << std::ifstream(std::filesystem::path(LAYERD_CONF) / "clients" / file_of.at(name)).rdbuf();
        CHECK(text.str() == lines(*client_kind_of(name), "http://layerd.lan:5000"));
    }
    CHECK(split(client_names(" ")).size() == file_of.size());
}

TEST_CASE("a host that could be a user's name keeps its port") {
    CHECK(has(lines(client_kind::podman, "https://mirror"), "\"mirror:443/docker.io\""));
    CHECK(has(lines(client_kind::podman, "https://mirror.example.com"), "\"mirror.example.com/docker.io\""));
    CHECK(has(lines(client_kind::podman, "http://mirror.example.com"), "\"mirror.example.com:80/docker.io\""));
    CHECK(has(lines(client_kind::buildkit, "http://[::1]:5000"), "mirrors = [\"[::1]:5000\"]"));
}
