# Builders with BuildKit, each a dockerd with a state of its own: those of other machines, as far as the registry can
# tell. COPY alone: RUN would want cgroups and a network.

# The store of those that export caches and attestations.
image_store=', "storage-driver": "native", "features": {"containerd-snapshotter": true}'

# need_image_store: what the graph drivers of old daemons cannot, those with containerd's image store can.
need_image_store() {
    local version
    need_client dockerd docker containerd
    version=$(client dockerd --version | sed -nE 's/^Docker version ([0-9]+).*/\1/p')
    ((version >= 25)) || skip "dockerd $version has no store that exports caches and attestations"
    (client docker buildx version) >>"$work/client.log" 2>&1 || skip "docker has no buildx"
}

# Two stages, five steps; what the first leaves out of the image is in a cache of mode=max alone.
make_context() {
    local n
    mkdir -p "$work/context"
    for n in 1 2 3; do random_file "$work/context/file$n" 300000; done
    cat >"$work/context/Dockerfile" <<'DOCKERFILE'
FROM demo:1 AS first
COPY file1 /one
COPY file2 /two
FROM demo:1
COPY --from=first /one /from-first
COPY file3 /three
COPY file1 /four
DOCKERFILE
}

# new_builder [MORE_OF_DAEMON_JSON]: in place of the one before, whose state goes.
new_builder() {
    stop dockerd
    rm -rf "$work/docker"
    start_dockerd "$1"
}

# build OPTION...: its progress goes to the file `progress`.
build() {
    (client env DOCKER_CONFIG="$work/docker" DOCKER_BUILDKIT=1 docker --host "unix://$work/docker/sock" \
        build --progress plain "$@" "$work/context") >"$work/progress" 2>&1 || {
        cat "$work/progress" >>"$work/client.log"
        fail "docker build $*"
    }
}
cached_steps() { grep -cE '^#[0-9]+ CACHED' "$work/progress" || true; }
