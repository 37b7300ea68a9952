// How a cluster's nodes get containerd's files: a ConfigMap with them, and a DaemonSet that writes them to each node.
//
// The pod needs nothing of a node but the one folder: it is not privileged, has no capability and no account. It looks
// twice a minute, so that a ConfigMap that changes and a node that was set up anew are both seen.
#pragma once

#include <string>
#include <vector>

namespace proxy {

struct hosts_file {
    std::string registry; // the folder below /etc/containerd/certs.d
    std::string text;     // its hosts.toml
};

std::string kubernetes_manifest(std::vector<hosts_file> const& files);

} // namespace proxy
