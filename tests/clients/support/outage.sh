# An hour during which upstream cannot be asked, as one client sees it: the origin is stopped for good, and the ttl of
# all tags is zero, so that each is as far past it as after any hour. Layerd is restarted in the middle.
#
# survives_an_outage is called once the client is set up; the test defines, for it, pull IMAGE (which fails the test by
# itself) and forget, which throws away everything that the client has pulled.

outage_setup() {
    origin hub
    # shellcheck disable=SC2034 # read by mirror
    MIRROR_UPSTREAM_1='tag_ttl = "0s"'
    mirror docker.io="${origin_url[hub]}"
}

outage_images=(library/demo library/multi)

survives_an_outage() {
    local image
    for image in "${outage_images[@]}"; do pull "$image:1"; done
    equal "blobs asked for twice" "" "$(blobs_sent hub | sort | uniq -d)"
    stop hub
    pull_everything_again
    stop layerd
    start_mirror
    pull_everything_again
}

pull_everything_again() {
    local image reference
    for image in "${outage_images[@]}"; do
        for reference in ":1" "@$(manifest_digest "$image" 1)"; do
            forget
            pull "$image$reference"
        done
        expect_stale_tag "$image"
    done
}

# That it was layerd that served, and that it said how.
expect_stale_tag() {
    local method digest
    digest=$(manifest_digest "$1" 1)
    for method in --get --head; do
        equal "$method $1:1" 200 "$(get "/v2/$1/manifests/1" "$method")"
        equal "digest by $method" "$digest" "$(header Docker-Content-Digest)"
        equal "how it was served" "layerd; hit; detail=stale-if-error" "$(header Cache-Status)"
        [[ $(header Warning) =~ ^'299 - "'[^\"\\]+'"'$ ]] || fail "the warning reads '$(header Warning)'"
        equal "$method $1@$digest" 200 "$(get "/v2/$1/manifests/$digest" "$method")"
        equal "warning of a digest" "" "$(header Warning)"
    done
}
