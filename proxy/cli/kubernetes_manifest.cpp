#include "proxy/cli/kubernetes_manifest.h"

#include "proxy/cli/indented.h"

#include <fmt/format.h>

#include <string_view>

namespace proxy {

namespace {

constexpr std::string_view script = R"(trap 'exit 0' TERM
while :; do
  for file in /mirrors/*; do
    folder=/certs.d/${file##*/}
    cmp -s "$file" "$folder/hosts.toml" && continue
    mkdir -p "$folder"
    cp "$file" "$folder/hosts.toml.new"
    mv "$folder/hosts.toml.new" "$folder/hosts.toml"
    echo "wrote $folder/hosts.toml"
  done
  sleep 30 & wait $!
done
)";

constexpr std::string_view head =
    R"(# A hosts.toml for each registry in /etc/containerd/certs.d of every node. containerd reads
# them at every pull, without a restart, if its /etc/containerd/config.toml has
#
#   [plugins."io.containerd.grpc.v1.cri".registry]     # containerd 1.x, version = 2
#     config_path = "/etc/containerd/certs.d"
#   [plugins."io.containerd.cri.v1.images".registry]   # containerd 2.x, version = 3
#     config_path = "/etc/containerd/certs.d"
#
# Where a node's configuration is managed, those files can be part of it, and nothing of this is needed.
apiVersion: v1
kind: ConfigMap
metadata:
  name: layerd-mirror
  namespace: kube-system
data:
)";

constexpr std::string_view daemon_set = R"(---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: layerd-mirror
  namespace: kube-system
  labels:
    app.kubernetes.io/name: layerd-mirror
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: layerd-mirror
  template:
    metadata:
      labels:
        app.kubernetes.io/name: layerd-mirror
    spec:
      automountServiceAccountToken: false
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
        - operator: Exists
      containers:
        - name: hosts
          image: docker.io/library/busybox:1.36
          command: ["/bin/sh", "-euc"]
          args:
            - |
{}          resources:
            requests: {{cpu: 1m, memory: 8Mi}}
            limits: {{memory: 32Mi}}
          securityContext:
            runAsUser: 0
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
          volumeMounts:
            - {{name: mirrors, mountPath: /mirrors, readOnly: true}}
            - {{name: certs, mountPath: /certs.d}}
      volumes:
        - name: mirrors
          configMap: {{name: layerd-mirror}}
        - name: certs
          hostPath: {{path: /etc/containerd/certs.d, type: DirectoryOrCreate}}
)";

} // namespace

std::string kubernetes_manifest(std::vector<hosts_file> const& files) {
    std::string out(head);
    for (auto const& f : files)
        out += fmt::format("  {}: |\n{}", f.registry, indented(f.text, 4));
    return out + fmt::format(daemon_set, indented(script, 14));
}

} // namespace proxy
