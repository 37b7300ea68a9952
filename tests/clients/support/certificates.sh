# Certificates that clients show, each NAME.pem with NAME.key in the work folder.
#
#   alice        of the CA that layerd believes: pulls everything, pushes to local/**
#   bob          of that CA too: pulls everything
#   another      says alice, of a CA that layerd does not know
#   forged       says alice, of a CA that calls itself what layerd's does. A client that chooses by the names of CAs
#                that the server tells it (RFC 8446 §4.2.4) keeps back the one before, and shows this one

make_client_certificates() {
    make_client_ca client-ca 'CA of the clients'
    make_client_ca another-ca 'CA of others'
    make_client_ca forged-ca 'CA of the clients'
    make_client_certificate alice alice client-ca
    make_client_certificate bob bob client-ca
    make_client_certificate another alice another-ca
    make_client_certificate forged alice forged-ca
}

# make_client_ca FILE SUBJECT
make_client_ca() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$2" -keyout "$work/$1.key" \
        -out "$work/$1.pem" 2>>"$work/openssl.out"
}

# make_client_certificate FILE SUBJECT CA
make_client_certificate() {
    (
        cd "$work" || exit
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$1.key" -out "$1.csr"
        printf 'extendedKeyUsage = clientAuth\n' >client.ext
        openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial -days 2 \
            -extfile client.ext -out "$1.pem"
    ) >>"$work/openssl.out" 2>&1
}

# Runs CMD NAME MAY_PUSH_TO ("" for nowhere) for each certificate that opens.
with_each_certificate() {
    "$@" alice local/app
    "$@" bob ''
}

# Runs CMD NAME for those that do not.
with_each_wrong_certificate() {
    "$@" another
    "$@" forged
}

# put_certificate NAME FOLDER: as containers/image and dockerd want it, beside the CA of the server; "" for none.
put_certificate() {
    mkdir -p "$2"
    rm -f "$2"/*
    cp "$work/ca.pem" "$2/ca.crt"
    [[ -z $1 ]] || cp "$work/$1.pem" "$2/client.cert"
    [[ -z $1 ]] || cp "$work/$1.key" "$2/client.key"
}

# Who pushed what must be what came of it: a curl that shows alice's certificate sees these tags.
expect_tags() {
    equal "tags of $1" "$2" "$(curl --silent --cacert "$work/ca.pem" --cert "$work/alice.pem" --key "$work/alice.key" \
        "https://$registry/v2/$1/tags/list" | jq -c '.tags // []')"
}

# need_strict_registry CLIENT: dockerd takes what is on the loopback for insecure, as it does what it is told to, and
# looks at no certificates there nor shows any. Sets GUARDED_HOST, and `strict` for the daemon's configuration.
strict=', "registry-mirrors": [], "insecure-registries": []'
need_strict_registry() {
    GUARDED_HOST=$(hostname -I | tr ' ' '\n' | grep -m 1 -E '^[0-9.]+$') ||
        skip "$1 shows no certificates to the loopback, and this machine has no other address"
}
