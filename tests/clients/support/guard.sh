# What guards an origin: passwords, tokens, TLS. Each function prints or sets the YAML that `origin NAME EXTRA` takes.

# A CA of the tests in ca.pem, and a certificate of it for 127.0.0.1 in server.pem with server.key, for two days or
# $certificate_days.
make_certificates() {
    need openssl
    (
        cd "$work" || exit
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=CA of the tests' -keyout ca.key -out ca.pem
        openssl req -newkey rsa:2048 -nodes -subj "/CN=${1:-127.0.0.1}" -keyout server.key -out server.csr
        printf 'subjectAltName = %s\n' "${2:-IP:127.0.0.1}" >server.ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
            -days "${certificate_days:-2}" -extfile server.ext -out server.pem
    ) >"$work/openssl.out" 2>&1
}

tls_yaml() {
    printf '  tls:\n    certificate: "%s/server.pem"\n    key: "%s/server.key"\n' "$work" "$work"
}

htpasswd_yaml() {
    need htpasswd
    htpasswd -Bbn "$1" "$2" >"$work/htpasswd"
    printf 'auth:\n  htpasswd:\n    realm: "of the tests"\n    path: "%s/htpasswd"\n' "$work"
}

# start_token_server [USER:PASSWORD]; token_yaml then makes an origin trust it.
token_realm=
start_token_server() {
    need python3 openssl
    make_certificates
    local port
    port=$(free_port)
    token_realm=http://127.0.0.1:$port/token
    start tokens python3 "$here/support/token_server.py" "$port" "$work/server.key" "$work/server.pem" "$@"
    eventually 60 ready tokens "$token_realm?service=none" || fail "the token server does not answer"
}
token_yaml() {
    printf 'auth:\n  token:\n    realm: "%s"\n    service: "registry of the tests"\n    issuer: tests\n' "$token_realm"
    printf '    rootcertbundle: "%s/server.pem"\n' "$work"
}
tokens_issued() { grep -c "repository:$1:" "$work/tokens.log" || true; }

# upstream_login USER PASSWORD: the TOML lines that give them to an upstream.
upstream_login() {
    printf '%s\n' "$2" >"$work/password"
    chmod 600 "$work/password"
    printf 'username = "%s"\npassword_file = "%s/password"\n' "$1" "$work"
}

# The whole demo image by curl, as a client would: manifest, then its blobs.
pull_demo() {
    local digest
    equal "manifest" 200 "$(get /v2/library/demo/manifests/1)"
    equal "manifest bytes" "$(manifest_digest library/demo 1)" "$(body_digest)"
    for digest in $(demo_blobs); do
        equal "blob $digest" 200 "$(get "/v2/library/demo/blobs/$digest")"
        equal "blob bytes" "$digest" "$(body_digest)"
    done
}

# A refusal of upstream's that the client must not take for one of layerd's: no 401, no challenge, an OCI error.
expect_no_challenge() {
    local status
    status=$(get "$1")
    [[ $status == 403 || $status == 404 || $status == 502 || $status == 503 ]] || fail "$1 gave $status"
    equal "challenge passed on" "" "$(header WWW-Authenticate)"
    jq -e '.errors[0].code' "$work/body" >"$work/code" || fail "the error is no OCI error"
}
