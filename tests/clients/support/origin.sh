# Origins: Debian's docker-registry with the images of the tests in it, open or behind a password, tokens or TLS.
# Each writes an access log, which is the witness for what was asked upstream.

declare -A origin_url=()

# run_registry NAME ADDRESS FOLDER EXTRA: EXTRA is YAML: an `auth` section, or lines of `http` (indented by two).
run_registry() {
    local name=$1 address=$2 folder=$3 extra=$4 scheme=http
    [[ $extra == *certificate:* ]] && scheme=https
    cat >"$work/$name.yml" <<YAML
version: 0.1
log: {level: warn, accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: "$folder"}, delete: {enabled: true}}
http:
  addr: "$address"
  secret: "of the tests"
$extra
YAML
    start "$name" docker-registry serve "$work/$name.yml"
    origin_url[$name]=$scheme://$address
    eventually 60 ready "$name" "${origin_url[$name]}/v2/" || fail "$name does not answer"
}

# origin NAME [EXTRA]: a registry with all images; its address is in origin_url[NAME].
origin() {
    need docker-registry curl jq
    ensure_seed
    cp -r "$seed/registry" "$work/$1.data"
    run_registry "$1" "127.0.0.1:$(free_port)" "$work/$1.data" "${2:-}"
}

# The digests of the blobs that the origin sent, one a line and as often as it did.
blobs_sent() { sed -nE 's|.*"GET /v2/[^ ]*/blobs/(sha256:[0-9a-f]{64})[^ ]* [^"]*" 20[06] .*|\1|p' "$work/$1.log"; }
origin_blob_gets() { blobs_sent "$1" | wc -l; }
origin_manifest_gets() { grep -cE '"GET /v2/[^ ]*/manifests/[^ ]* [^"]*" 200 ' "$work/$1.log" || true; }
origin_requests() { grep -cE '"(GET|HEAD) /v2/[^ ]+ ' "$work/$1.log" || true; }

# expect_blob_gets NAME COUNT WHAT: so many, and none of them twice. The log line comes after the last byte, so the
# count is waited for; more than expected fails.
expect_blob_gets() {
    local name=$1 expected=$2 what=$3
    reached() { (($(origin_blob_gets "$name") >= expected)); }
    eventually 20 reached || true
    equal "blob requests at $name after $what" "$expected" "$(origin_blob_gets "$name")"
    equal "blobs asked for twice at $name after $what" "" "$(blobs_sent "$name" | sort | uniq -d)"
}

# What the origins hold, read from the folder that they are copies of. manifest_digest REPOSITORY TAG; stored_blob
# DIGEST names the file.
manifest_digest() { cat "$seed/registry/docker/registry/v2/repositories/$1/_manifests/tags/$2/current/link"; }
stored_blob() { echo "$seed/registry/docker/registry/v2/blobs/sha256/${1:7:2}/${1:7}/data"; }

# The config and layers of demo:1: what one pull of it needs.
demo_blobs() { jq -r '.config.digest, .layers[].digest' "$(stored_blob "$(manifest_digest library/demo 1)")"; }
large_blob() {
    jq -r '.layers | max_by(.size).digest' "$(stored_blob "$(manifest_digest library/demo 1)")"
}

# Content that is put into the origin's folder as a push would have left it. Not part of the seed: too much to copy for
# each test.

# put_blob NAME REPOSITORY FILE: moves the file there and prints its digest.
put_blob() {
    local root=$work/$1.data/docker/registry/v2 hex
    hex=$(openssl dgst -sha256 -r "$3" | cut -d' ' -f1)
    mkdir -p "$root/blobs/sha256/${hex:0:2}/$hex"
    mv "$3" "$root/blobs/sha256/${hex:0:2}/$hex/data"
    link_to "$1" "$2" "_layers/sha256/$hex" "sha256:$hex"
    echo "sha256:$hex"
}
link_to() {
    local folder=$work/$1.data/docker/registry/v2/repositories/$2/$3
    mkdir -p "$folder"
    printf %s "$4" >"$folder/link"
}

# add_layer NAME BYTES: random bytes, as a layer of library/demo; prints their digest.
add_layer() {
    head -c "$2" /dev/urandom >"$work/layer"
    put_blob "$1" library/demo "$work/layer"
}

# add_image NAME REPOSITORY TAG LAYER...: an image of layers that add_layer made.
add_image() {
    local name=$1 repository=$2 tag=$3 config layer layers='' manifest
    shift 3
    printf '{"architecture":"amd64","os":"linux","created_by":"%s:%s"}' "$repository" "$tag" >"$work/config"
    local size
    size=$(stat --format=%s "$work/config")
    config=$(put_blob "$name" "$repository" "$work/config")
    for layer; do
        link_to "$name" "$repository" "_layers/sha256/${layer#sha256:}" "$layer"
        layers+="${layers:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"$layer\","
        layers+="\"size\":$(stat --format=%s "$(blob_at "$name" "$layer")")}"
    done
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":%s,%s},%s}' \
        '"application/vnd.oci.image.config.v1+json"' "\"digest\":\"$config\",\"size\":$size" "\"layers\":[$layers]" \
        >"$work/manifest"
    manifest=$(put_blob "$name" "$repository" "$work/manifest")
    link_to "$name" "$repository" "_manifests/revisions/sha256/${manifest#sha256:}" "$manifest"
    link_to "$name" "$repository" "_manifests/tags/$tag/current" "$manifest"
    link_to "$name" "$repository" "_manifests/tags/$tag/index/sha256/${manifest#sha256:}" "$manifest"
}

# What the origin's folder holds, also while it is stopped.
blob_at() { echo "$work/$1.data/docker/registry/v2/blobs/sha256/${2:7:2}/${2:7}/data"; }
tag_at() { cat "$work/$1.data/docker/registry/v2/repositories/$2/_manifests/tags/$3/current/link"; }

# start_again NAME: an origin that was stopped, where it was.
start_again() { run_registry "$1" "${origin_url[$1]#*://}" "$work/$1.data" ''; }
