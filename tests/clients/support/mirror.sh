# layerd in front of the origins, and what it says about itself.

mirror_port=
admin_port=
mirror=
admin=

# mirror [UPSTREAM=URL]...: starts layerd with these upstreams, the first as default. MIRROR_UPSTREAM_<n>, lines of
# TOML, are added to the n-th upstream, MIRROR_STORE to [store], MIRROR_SERVER to [server], and MIRROR_LISTEN, quoted, to
# the addresses; MIRROR_REST is what follows all of it.
mirror() {
    mirror_port=$(free_port)
    admin_port=$(free_port)
    mirror=127.0.0.1:$mirror_port
    admin=http://127.0.0.1:$admin_port
    write_mirror_config "$@"
    start_mirror
}

write_mirror_config() {
    local upstream n=0 extra default=true
    {
        cat <<TOML
[server]
listen = ["127.0.0.1:$mirror_port"${MIRROR_LISTEN:+, $MIRROR_LISTEN}]
admin_listen = ["127.0.0.1:$admin_port"]
${MIRROR_SERVER:-}
[store]
path = "$work/store"
${MIRROR_STORE:-}
[gc]
keep_storage = "${MIRROR_KEEP_STORAGE:-4GB}"
min_free_space = "0%"
TOML
        for upstream; do
            n=$((n + 1))
            extra=MIRROR_UPSTREAM_$n
            printf '[[upstream]]\nname = "%s"\nendpoints = ["%s"]\n' "${upstream%%=*}" "${upstream#*=}"
            [[ $default == true ]] && echo 'default = true'
            [[ ${upstream%%=*} == docker.io ]] && echo 'aliases = ["index.docker.io", "registry-1.docker.io"]'
            printf '%s\n' "${!extra:-}"
            default=false
        done
        printf '%s\n' "${MIRROR_REST:-}"
    } >"$work/layerd.toml"
}

start_mirror() {
    start layerd "$layerd" serve --config "$work/layerd.toml"
    eventually 60 ready layerd "$admin/readyz" || fail "layerd does not become ready"
    eventually 30 ready layerd "http://$mirror/v2/" || fail "layerd does not listen"
}

# stat_of JQ_PATH: one number of /api/v1/stats.
stat_of() { curl --silent --fail --max-time 30 "$admin/api/v1/stats" | jq -r "$1"; }

# get PATH [CURL OPTION]...: the status; body and header in the files `body` and `head` of the work folder.
get() {
    local path=$1
    shift
    curl --silent --max-time 60 --dump-header "$work/head" --output "$work/body" --write-out '%{http_code}' "$@" \
        "http://$mirror$path"
}
header() { tr -d '\r' <"$work/head" | sed -n "s/^$1: //Ip" | tail -n 1; }
body_digest() { echo "sha256:$(sha256sum "$work/body" | cut -d' ' -f1)"; }
error_code() { jq -r '.errors[0].code' "$work/body"; }

# The lines that layerd prints to make a client use it: tried as printed.
client_config() { "$layerd" client-config "$1" --url "http://$mirror" 2>"$work/client-config.txt"; }

# pull_image ORIGIN REPOSITORY TAG: all of it, as a client takes it; each byte is compared with what the origin has in
# its folder. The origin need not run.
pull_image() {
    local blob
    equal "manifest of $2:$3" 200 "$(get "/v2/$2/manifests/$3")"
    equal "digest of $2:$3" "$(tag_at "$1" "$2" "$3")" "$(body_digest)"
    for blob in $(jq -r '.config.digest, .layers[].digest' "$work/body"); do
        equal "$blob of $2:$3" 200 "$(get "/v2/$2/blobs/$blob")"
        equal "bytes of $blob" "$blob" "$(body_digest)"
    done
}

# is_stored DIGEST: a layer, as a file of the store.
is_stored() { [[ -e $work/store/blobs/sha256/${1:7:2}/${1:7} ]]; }
is_gone() { ! is_stored "$1"; }

# tell COMMAND [ARGUMENT]...: a command of layerd to the one that runs.
tell() { "$layerd" "$1" --admin "$admin" "${@:2}"; }

# refuses STATUS WORDS COMMAND...: it ends so, and says why.
refuses() {
    local expected=$1 words=$2 status=0
    shift 2
    "$@" >"$work/refusal.out" 2>"$work/refusal" || status=$?
    equal "exit code of $*" "$expected" "$status"
    grep -qF -- "$words" "$work/refusal" || fail "$* does not say '$words', but: $(<"$work/refusal")"
    [[ ! -s $work/refusal.out ]] || fail "$* says on standard output: $(<"$work/refusal.out")"
}

# reload_mirror SED_SCRIPT [TOML]: changes the configuration, adds to it, and waits until that is what counts.
reload_mirror() {
    local before
    before=$(grep -c 'configuration reloaded' "$work/layerd.log" || true)
    sed -i "$1" "$work/layerd.toml"
    printf '%s\n' "${2:-}" >>"$work/layerd.toml"
    kill -HUP "${pids[layerd]}"
    reloaded() { (($(grep -c 'configuration reloaded' "$work/layerd.log" || true) > before)); }
    eventually 30 reloaded || fail "the configuration was not reloaded"
}
