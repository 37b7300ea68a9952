#include "proxy/cli/client_config.h"
#include "tests/catch.h"

using namespace proxy;

namespace {

std::string lines(client_kind kind, std::string_view url) {
    return client_config(kind, *parse_endpoint(url)).lines;
}
std::string hints(client_kind kind, std::string_view url) {
    return client_config(kind, *parse_endpoint(url)).hints;
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

TEST_CASE("a host that could be a user's name keeps its port") {
    CHECK(has(lines(client_kind::podman, "https://mirror"), "\"mirror:443/docker.io\""));
    CHECK(has(lines(client_kind::podman, "https://mirror.example.com"), "\"mirror.example.com/docker.io\""));
    CHECK(has(lines(client_kind::podman, "http://mirror.example.com"), "\"mirror.example.com:80/docker.io\""));
    CHECK(has(lines(client_kind::buildkit, "http://[::1]:5000"), "mirrors = [\"[::1]:5000\"]"));
}
