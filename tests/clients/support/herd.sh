# A hundred clients of one layer that is not stored. Made here, not in the seed: 100 MiB is too much to copy for each test.

herd_layer=
# Adds a random 100 MiB blob to the origin's folder, as a push would have left it.
origin_with_herd_layer() {
    origin hub
    local file=$work/herd root=$work/hub.data/docker/registry/v2 hex
    head -c $((100 << 20)) /dev/urandom >"$file"
    hex=$(sha256sum "$file" | cut -d' ' -f1)
    mkdir -p "$root/blobs/sha256/${hex:0:2}/$hex" "$root/repositories/library/demo/_layers/sha256/$hex"
    mv "$file" "$root/blobs/sha256/${hex:0:2}/$hex/data"
    printf 'sha256:%s' "$hex" >"$root/repositories/library/demo/_layers/sha256/$hex/link"
    herd_layer=sha256:$hex
}

# One client's body, as a digest; with an argument it hangs up after so many bytes.
herd_client() {
    local url=http://$mirror/v2/library/demo/blobs/$herd_layer
    if [[ -n ${1:-} ]]; then
        (curl --silent --max-time 120 "$url" || true) | head -c "$1" | wc -c
    else
        curl --silent --max-time 120 "$url" | openssl dgst -sha256 -r | cut -d' ' -f1 # twice as fast as sha256sum
    fi
}
