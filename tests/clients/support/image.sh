# The images of the tests, made offline out of busybox: small, but with what real ones have: several layers, one of
# them large and incompressible, an index of two platforms, and both OCI and Docker media types.
#
#   library/demo:1            one platform, Docker manifest, three layers
#   library/multi:1           an OCI index for amd64 and arm64 that share their large layer
#   team/blobs/manifests:1    the first again: a name made of the words that routes are made of
#
# They are pushed once into a registry folder beside the program under test; each origin starts from a copy.

seed=$(dirname "$layerd")/clients-seed-1
platform_architecture() { dpkg --print-architecture; }

# make_platform LAYOUT TAG ARCHITECTURE
make_platform() {
    local layout=$1 tag=$2 architecture=$3 layer
    umoci new --image "$layout:$tag"
    for layer in rootfs large "small-$architecture"; do
        umoci raw add-layer --image "$layout:$tag" "$4/$layer.tar"
    done
    umoci config --image "$layout:$tag" --architecture "$architecture" --os linux --config.cmd /bin/sh
}

# An index over the manifests that the tags stand for, itself tagged.
make_index() {
    local layout=$1 tag=$2 json digest
    json=$(jq -c '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: [.manifests[] | (.annotations["org.opencontainers.image.ref.name"]) as $ref
            | select($ref | startswith("one-"))
            | {mediaType, digest, size, platform: {architecture: ($ref | ltrimstr("one-")), os: "linux"}}]}' \
        "$layout/index.json")
    digest=$(printf %s "$json" | sha256sum | cut -d' ' -f1)
    printf %s "$json" >"$layout/blobs/sha256/$digest"
    jq -c --arg digest "sha256:$digest" --argjson size "${#json}" --arg tag "$tag" \
        '.manifests += [{mediaType: "application/vnd.oci.image.index.v1+json", $digest, $size,
            annotations: {"org.opencontainers.image.ref.name": $tag}}]' "$layout/index.json" >"$layout/index.new"
    mv "$layout/index.new" "$layout/index.json"
}

make_layout() {
    local layout=$1 parts=$work/parts architecture
    mkdir -p "$parts/rootfs/bin" "$parts/rootfs/etc" "$parts/large/data"
    cp "$(command -v busybox)" "$parts/rootfs/bin/busybox"
    ln -s busybox "$parts/rootfs/bin/sh"
    echo 'root:x:0:0:root:/:/bin/sh' >"$parts/rootfs/etc/passwd"
    head -c $((20 << 20)) /dev/urandom >"$parts/large/data/random"
    tar -C "$parts/rootfs" -cf "$parts/rootfs.tar" .
    tar -C "$parts/large" -cf "$parts/large.tar" .
    umoci init --layout "$layout"
    for architecture in amd64 arm64; do
        mkdir -p "$parts/small/etc"
        echo "$architecture" >"$parts/small/etc/platform"
        tar -C "$parts/small" -cf "$parts/small-$architecture.tar" .
        make_platform "$layout" "one-$architecture" "$architecture" "$parts"
    done
    make_index "$layout" multi
    rm -rf "$parts"
}

# The seed's registry folder, made by the first test that comes; the others wait for it.
ensure_seed() {
    [[ -e $seed/done ]] && return
    need umoci skopeo busybox jq docker-registry flock
    exec 9>"$seed.lock"
    flock 9
    if [[ ! -e $seed/done ]]; then
        rm -rf "$seed" && mkdir -p "$seed/registry"
        local layout=$work/layout to=127.0.0.1:$(free_port) one
        make_layout "$layout" >"$work/seed.log" 2>&1 || fail "the images could not be made"
        one=$layout:one-$(platform_architecture)
        run_registry seeding "$to" "$seed/registry" ''
        local copy=(skopeo --insecure-policy copy --quiet --dest-tls-verify=false)
        "${copy[@]}" --format v2s2 "oci:$one" "docker://$to/library/demo:1"
        "${copy[@]}" --format v2s2 "oci:$one" "docker://$to/team/blobs/manifests:1"
        "${copy[@]}" --all "oci:$layout:multi" "docker://$to/library/multi:1"
        stop seeding
        rm -rf "$layout"
        touch "$seed/done"
    fi
    exec 9>&-
}
