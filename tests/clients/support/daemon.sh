# Private daemons: containerd and dockerd with every path in the work folder, so that those of the machine are
# neither asked nor disturbed.

start_containerd() {
    need_namespaces containerd
    mkdir -p "$work/containerd"
    # Version 2 is read by 1.6 and by 2.x. CRI is off: it wants cgroups and CNI, and ctr does not use it.
    cat >"$work/containerd/config.toml" <<TOML
version = 2
root = "$work/containerd/root"
state = "$work/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
[grpc]
  address = "$work/containerd/sock"
# Read from 1.7 on, where ctr leaves pulling to the daemon.
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/$(platform_architecture)"
  snapshotter = "native"
TOML
    start containerd client containerd --config "$work/containerd/config.toml"
    serving() { alive containerd || skip_daemon containerd; ctr version; }
    eventually 60 serving || fail "containerd does not answer"
}

ctr() { run_client ctr --address "$work/containerd/sock" "$@"; }

# The files that `layerd client-config containerd` prints, each below the comment that names it.
write_hosts_toml() {
    mkdir -p "$work"/certs.d/{docker.io,ghcr.io}
    client_config containerd | awk -v to="$work" '
        /^# \/etc\/containerd\// {file = to substr($2, length("/etc/containerd") + 1); sub(/:$/, "", file)}
        file ~ /hosts.toml$/ {print >file}'
}

# start_dockerd MORE_OF_DAEMON_JSON. No bridge and no packet filter: builds and runs have no network, pulls need none of
# their own. It looks for certificates in one place alone: there it finds the folder `docker-certs`, if there is one.
start_dockerd() {
    need_namespaces dockerd
    mkdir -p "$work/docker"
    client_config docker >"$work/docker/mirrors.json"
    cat >"$work/docker/private.json" <<JSON
{"data-root": "$work/docker/data", "exec-root": "$work/docker/exec", "pidfile": "$work/docker/pid",
 "hosts": ["unix://$work/docker/sock"], "iptables": false, "ip6tables": false, "bridge": "none"$1}
JSON
    jq -s add "$work/docker/mirrors.json" "$work/docker/private.json" >"$work/docker/daemon.json"
    start dockerd client bash -c "$with_docker_certs" dockerd "$work/docker-certs" \
        dockerd --config-file "$work/docker/daemon.json"
    serving() { alive dockerd || skip_daemon dockerd; docker info; }
    eventually 90 serving || fail "dockerd does not answer"
}

# shellcheck disable=SC2016 # expanded inside
with_docker_certs='if [[ -d $1 ]]; then
    mkdir -p /etc/docker && mount -t tmpfs tmpfs /etc/docker && mkdir /etc/docker/certs.d
    mount --bind "$1" /etc/docker/certs.d
fi
exec "${@:2}"'

docker() { run_client env DOCKER_CONFIG="$work/docker" docker --host "unix://$work/docker/sock" "$@"; }

# A daemon that ends while starting has met something that this machine does not let it do; its last words say what.
skip_daemon() {
    skip "$1 cannot run here: $(grep -vE 'level=(info|debug)' "$work/$1.log" | tail -n 1 | cut -c 1-300)"
}
