# The three caches of one origin, each as its documentation sets it up: layerd, nginx with proxy_cache, and
# docker-registry in proxy mode. Each writes one log line a request; layerd and nginx have a worker for every core.

declare -A base=() # NAME -> what stands before /v2/ in its URLs; NAME_tls -> through TLS

# start_nginx NAME HTTP_SECTION
start_nginx() {
    cat >"$work/$1.conf" <<CONF
daemon off;
user root;
worker_processes $(nproc);
pid $work/$1.pid;
error_log $work/$1-error.log;
events { worker_connections 8192; }
http {
    access_log $work/$1-access.log;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 180s;
    keepalive_requests 100000000;
    client_body_temp_path $work/$1-body;
    proxy_temp_path $work/$1-proxy;
    fastcgi_temp_path $work/$1-fastcgi;
    uwsgi_temp_path $work/$1-uwsgi;
    scgi_temp_path $work/$1-scgi;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    upstream origin { server ${origin_url[hub]#http://}; keepalive 32; }
$2
}
CONF
    start "$1" nginx -c "$work/$1.conf"
}

start_nginx_cache() {
    local address tls_address
    address=127.0.0.1:$(free_port)
    tls_address=127.0.0.1:$(free_port)
    base[nginx]=http://$address
    base[nginx_tls]=https://$tls_address
    mkdir "$work/nginx-cache"
    start_nginx nginx "
    proxy_cache_path $work/nginx-cache levels=1:2 keys_zone=blobs:10m max_size=8g inactive=1d use_temp_path=off;
    server {
        listen $address reuseport backlog=4096;
        listen $tls_address ssl reuseport backlog=4096;
        ssl_certificate $work/server.pem;
        ssl_certificate_key $work/server.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        location / {
            proxy_pass http://origin;
            proxy_cache blobs;
            proxy_cache_valid 200 1d;
            proxy_cache_lock on;
            proxy_cache_lock_timeout 120s;
            proxy_cache_lock_age 120s;
        }
        location /line/ { proxy_pass ${base[line]}/; proxy_cache blobs; proxy_cache_valid 200 1d; proxy_cache_lock on;
            proxy_cache_lock_timeout 120s; proxy_cache_lock_age 120s; }
    }"
}

# An origin at the far end of a line: the same, at a bounded rate. Its own nginx, whose CPU time counts for nobody.
start_line() {
    local address
    address=127.0.0.1:$(free_port)
    base[line]=http://$address
    start_nginx line "
    server { listen $address; location / { proxy_pass http://origin; proxy_max_temp_file_size 0; limit_rate $1; } }"
}

# A registry far away: round trips, and a rate for each connection.
start_far() {
    local port
    port=$(free_port)
    base[far]=http://127.0.0.1:$port
    start far "$far_program" --port "$port" --images "$far_rounds" --layers "$far_layers" --size "$far_layer" \
        --latency "$far_latency" --rate "$far_rate"
    eventually 60 answers "${base[far]}/v2/" || fail "the far origin does not answer"
}

start_contenders() {
    make_certificates
    origin hub
    base[straight]=${origin_url[hub]}
    start_line "$line_rate"
    start_far
    start_nginx_cache
    local address
    address=127.0.0.1:$(free_port)
    base[registry]=http://$address
    mkdir "$work/registry.data"
    run_registry registry "$address" "$work/registry.data" "proxy:
  remoteurl: ${origin_url[hub]}"
    # In proxy mode it takes no pushes: another one does.
    run_registry hosted_registry "127.0.0.1:$(free_port)" "$work/hosted_registry.data" ""
    base[hosted_registry]=${origin_url[hosted_registry]}
    base[layerd_tls]=https://127.0.0.1:$(free_port)
    MIRROR_LISTEN="\"${base[layerd_tls]}\"" MIRROR_SERVER="[[server.certificate]]
file = \"$work/server.pem\"
key_file = \"$work/server.key\"" mirror docker.io="${origin_url[hub]}" ghcr.io="${base[line]}" quay.io="${base[far]}"
    base[layerd]=http://$mirror
    eventually 10 answers "${base[nginx]}/v2/" || fail "nginx does not answer"
}

# A second layerd of the same origin, which keeps no history.
start_without_history() {
    local port
    port=$(free_port)
    base[without_history]=http://127.0.0.1:$port
    sed -e "s|:$mirror_port\"|:$port\"|" -e "s|, \"${base[layerd_tls]}\"||" -e "s|:$admin_port\"|:$(free_port)\"|" -e "s|$work/store|$work/store-2|" \
        "$work/layerd.toml" >"$work/without_history.toml"
    printf '[stats]\nhistory = false\n' >>"$work/without_history.toml"
    start without_history "$layerd" serve --config "$work/without_history.toml"
    eventually 60 answers "${base[without_history]}/v2/" || fail "layerd without history does not answer"
}
