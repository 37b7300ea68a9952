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

# add_layer NAME BYTES: puts a random blob into the origin's folder, as a push to library/demo would have left it, and
# prints its digest. Not part of the seed: too much to copy for each test.
add_layer() {
    local file=$work/layer root=$work/$1.data/docker/registry/v2 hex
    head -c "$2" /dev/urandom >"$file"
    hex=$(openssl dgst -sha256 -r "$file" | cut -d' ' -f1)
    mkdir -p "$root/blobs/sha256/${hex:0:2}/$hex" "$root/repositories/library/demo/_layers/sha256/$hex"
    mv "$file" "$root/blobs/sha256/${hex:0:2}/$hex/data"
    printf 'sha256:%s' "$hex" >"$root/repositories/library/demo/_layers/sha256/$hex/link"
    echo "sha256:$hex"
}
