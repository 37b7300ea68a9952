# Pushing: what layerd was asked for, and content pushed and pulled by curl alone.

# mark_log; then asked METHODS PATH: how many requests since then, both extended regular expressions, the path without
# its query. Each worker writes its lines once a second.
log_mark=0
mark_log() {
    sleep 1.5
    log_mark=$(wc -l <"$work/layerd.log")
}
asked() {
    sleep 1.5
    tail -n +$((log_mark + 1)) "$work/layerd.log" | grep -cE " ($1) \"($2)[?\"]" || true
}

digest_of() { echo "sha256:$(openssl dgst -sha256 -r "$1" | cut -d' ' -f1)"; }
random_file() { head -c "$2" /dev/urandom >"$1"; }

# begin_upload REPOSITORY: prints where to send the bytes.
begin_upload() {
    equal "begin of an upload to $1" 202 "$(get "/v2/$1/blobs/uploads/" --request POST)"
    header Location
}

# push_blob REPOSITORY FILE: in one request; prints its digest.
push_blob() {
    local digest
    digest=$(digest_of "$2")
    equal "push of $2 to $1" 201 "$(get "/v2/$1/blobs/uploads/?digest=$digest" --data-binary "@$2" \
        --header 'Content-Type: application/octet-stream')"
    echo "$digest"
}

# descriptor TYPE FILE: as a manifest has it.
descriptor() {
    jq -nc --arg type "$1" --arg digest "$(digest_of "$2")" --argjson size "$(stat -c %s "$2")" \
        '{mediaType: $type, $digest, $size}'
}

# image_manifest CONFIG LAYER...: of these files.
image_manifest() {
    local config=$1 layer
    shift
    for layer; do descriptor application/vnd.oci.image.layer.v1.tar "$layer"; done |
        jq -sc --argjson config "$(descriptor application/vnd.oci.image.config.v1+json "$config")" \
            '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", $config, layers: .}'
}

# push_manifest REPOSITORY REFERENCE FILE: the status.
push_manifest() {
    get "/v2/$1/manifests/$2" --request PUT --upload-file "$3" --header "Content-Type: $(jq -r .mediaType "$3")"
}

# pull_whole REPOSITORY REFERENCE: the manifest and all below it, each byte compared with its digest. An index may name
# blobs too: BuildKit keeps caches so.
pull_whole() {
    local child children blobs is_manifest='.mediaType | test("manifest\\.(v1|v2|list)|image\\.index")'
    equal "manifest $1 $2" 200 "$(get "/v2/$1/manifests/$2")"
    equal "bytes of the manifest $1 $2" "$(header Docker-Content-Digest)" "$(body_digest)"
    children=$(jq -r ".manifests[]? | select($is_manifest).digest" "$work/body")
    blobs=$(jq -r "((.config, .layers[]?) | select(.)), .manifests[]? | select($is_manifest | not).digest" "$work/body")
    for child in $blobs; do
        equal "blob $child of $1 $2" 200 "$(get "/v2/$1/blobs/$child")"
        equal "bytes of $child" "$child" "$(body_digest)"
    done
    for child in $children; do pull_whole "$1" "$child"; done
}
