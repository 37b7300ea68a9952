# A layerd with TLS, users, tokens and rules, and one credential of each kind.
#
#   reader / "reads well"      a user of htpasswd: pulls everything
#   ci / $ci_token             a token of `layerd token issue`: pulls everything, pushes to local/**
#   jobs / "$(job_token)"      a token of a CI system: pulls everything, pushes to local/acme/** from acme/app alone
#   certificates               of alice as ci, of bob as reader: see certificates.sh
#
# GUARDED_HOST is its address, 127.0.0.1 unless set; GUARDED_REST is added to its configuration, GUARDED_ORIGIN to that
# of its upstream.

registry=
ci_token=

start_guarded_mirror() {
    need_client "$@"
    need openssl
    need htpasswd
    local host=${GUARDED_HOST:-127.0.0.1}
    make_certificates "$host" "IP:$host"
    make_client_certificates
    make_issuer
    htpasswd -nbB -C 5 reader 'reads well' >"$work/users"
    origin hub "${GUARDED_ORIGIN:-}"
    local tls_port
    tls_port=$(free_port)
    registry=$host:$tls_port
    MIRROR_LISTEN="\"https://$registry\"" MIRROR_SERVER="[[server.certificate]]
file = \"$work/server.pem\"
key_file = \"$work/server.key\"" MIRROR_REST="$(access_rules)
${GUARDED_REST:-}" mirror docker.io="${origin_url[hub]}"
    ci_token=$("$layerd" token issue --config "$work/layerd.toml" --user ci --scope '**:pull' --scope 'local/**:push' \
        --expires 1h 2>>"$work/client.log")
    mirror=$registry
}

access_rules() {
    cat <<TOML
[access]
htpasswd_file = "$work/users"
client_ca_file = "$work/client-ca.pem"
[[access.oidc]]
name = "jobs"
issuer = "https://ci.example.com"
audience = "layerd"
jwks_file = "$work/jwks.json"
[[access.rule]]
users = ["*", "jobs:**"]
allow = ["pull"]
[[access.rule]]
users = ["ci", "alice"]
allow = ["push", "delete"]
repositories = ["local/**"]
[[access.rule]]
issuer = "jobs"
claims = { repository = "acme/app" }
allow = ["push"]
repositories = ["local/acme/**"]
TOML
}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d =; }

# A CI system's key, and the document that says so.
make_issuer() {
    openssl genrsa -out "$work/issuer.key" 2048 2>>"$work/openssl.out"
    local n
    n=$(openssl rsa -in "$work/issuer.key" -noout -modulus | sed 's/^Modulus=//' | basenc --base16 --decode | base64url)
    printf '{"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "n": "%s", "e": "AQAB"}]}' "$n" >"$work/jwks.json"
}

# job_token [CLAIMS]: what the CI system says of a job; CLAIMS are JSON and replace the usual ones.
job_token() {
    local now text
    now=$(date +%s)
    text=$(printf '{"alg":"RS256","typ":"JWT","kid":"1"}' | base64url).$(jq -nc --argjson now "$now" --argjson more "${1:-{\}}" \
        '{iss: "https://ci.example.com", aud: "layerd", sub: "repo:acme/app", repository: "acme/app", iat: $now,
          exp: ($now + 300)} + $more' | base64url)
    printf '%s.%s' "$text" "$(printf %s "$text" | openssl dgst -sha256 -sign "$work/issuer.key" | base64url)"
}

# Runs CMD USER PASSWORD MAY_PUSH_TO ("" for nowhere) for each credential that is shown as a user and a password.
with_each_login() {
    "$@" reader 'reads well' ''
    "$@" ci "$ci_token" local/app
    "$@" jobs "$(job_token)" local/acme/app
    "$@" jobs "$(job_token '{"repository": "acme/fork"}')" ''
}

# Runs CMD USER PASSWORD for logins that are none.
with_each_wrong_login() {
    "$@" reader 'reads badly'
    "$@" nobody 'reads well'
    "$@" reader "$ci_token" # another's
    "$@" ci "${ci_token%?????}xxxxx"
    "$@" jobs "$(job_token '{"exp": 1000}')"
    "$@" jobs "$(job_token '{"aud": "another"}')"
    "$@" jobs "$(printf '{"alg":"none"}' | base64url).$(job_token | cut -d. -f2)."
}
