# A hundred clients of one layer of 100 MiB that is not stored.

herd_layer=
origin_with_herd_layer() {
    origin hub
    herd_layer=$(add_layer hub $((100 << 20)))
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
