# What is measured, and how the samples become figures. A sample is one line "ROW CONTENDER VALUE" of the file
# `samples`; a figure is the median of a contender's samples in a row.

declare -A server_of=([layerd]=layerd [nginx]=nginx [registry]=registry)

sample() { echo "$1 $2 $3" >>"$work/samples"; }

median() { sort -g | awk '{v[NR] = $1} END {if (NR) print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
figure() { awk -v row="$1" -v who="$2" '$1 == row && $2 == who {print $3}' "$work/samples" | median; }

# A server's process and its children: nginx has workers.
tree() {
    echo "$1"
    local child
    for child in $(pgrep -P "$1" || true); do tree "$child"; done
}

# CPU seconds a server has used: user and system time, fields 14 and 15 of /proc/PID/stat, all threads and children.
cpu_seconds() {
    local pid
    for pid in $(tree "${pids[$1]}"); do
        sed 's/.*) //' "/proc/$pid/stat"
    done | awk -v hz="$(getconf CLK_TCK)" '{used += $12 + $13} END {printf "%.2f\n", used / hz}'
}

resident_mib() {
    local pid
    for pid in $(tree "${pids[$1]}"); do
        awk '/^VmRSS:/ {print $2}' "/proc/$pid/status"
    done | awk '{kib += $1} END {printf "%.1f\n", kib / 1024}'
}

# load ARGUMENT...: one line of JSON in load.json; field PATH reads it.
load() { "$load_program" "$@" >"$work/load.json" || fail "load $* : $(cat "$work/load.json")"; }
field() { jq -r "$1" "$work/load.json"; }

# Downloads again and again for a while: bytes a second, and the server's CPU seconds for each GB (10^9 bytes).
measure_hits() {
    local row=$1 who=$2 url=$3 connections=$4 before used
    before=$(cpu_seconds "$who")
    load --connections "$connections" --seconds "$hit_seconds" "$url"
    used=$(awk -v a="$before" -v b="$(cpu_seconds "$who")" 'BEGIN {print b - a}')
    sample "${row}_cpu" "$who" "$(field ".bytes" | awk -v used="$used" '{print used / ($1 / 1e9)}')"
    sample "${row}_rate" "$who" "$(field '.bytes / .seconds / 1e9')"
}

# The same through TLS, whose clients are curl: each downloads so many times over one connection.
measure_tls_hits() {
    local row=$1 who=$2 url=$3 connections=$4 times=$5 size=$6 before used begin i
    local clients=()
    before=$(cpu_seconds "$who")
    begin=$EPOCHREALTIME
    for ((i = 0; i < connections; i++)); do
        curl --silent --fail --insecure --output /dev/null "$url#[1-$times]" &
        clients+=($!)
    done
    for i in "${clients[@]}"; do wait "$i" || fail "curl $url"; done
    used=$(awk -v a="$before" -v b="$(cpu_seconds "$who")" 'BEGIN {print b - a}')
    awk -v row="$row" -v who="$who" -v used="$used" -v seconds="$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}')" \
        -v bytes=$((connections * times * size)) 'BEGIN {
        print row "_cpu", who, used / (bytes / 1e9); print row "_rate", who, bytes / seconds / 1e9}' >>"$work/samples"
}

# One small answer again and again: requests a second, and the server's CPU microseconds for each.
measure_requests() {
    local before used
    before=$(cpu_seconds "$2")
    wrk --threads 2 --connections 32 --duration "${hit_seconds}s" --header "Accept: $manifest_type" "$3" >"$work/wrk.txt"
    ! grep -q 'Non-2xx' "$work/wrk.txt" || fail "wrk: $(cat "$work/wrk.txt")"
    used=$(awk -v a="$before" -v b="$(cpu_seconds "$2")" 'BEGIN {print b - a}')
    sample "$1" "$2" "$(awk '/^Requests\/sec/ {print $2}' "$work/wrk.txt")"
    sample "$1_cpu" "$2" "$(awk -v used="$used" '/ requests in / {print 1e6 * used / $1}' "$work/wrk.txt")"
}

# One download of what nobody has: milliseconds to the first and to the last byte.
measure_cold() {
    load --connections 1 --requests 1 "$3"
    sample "$1_time" "$2" "$(field .last_byte_ms.p50)"
    sample "$1_first" "$2" "$(field .first_byte_ms.p50)"
}

# pull URL TAG: one line of JSON in load.json.
pull() { "$pull_program" "$@" >"$work/load.json" 2>"$work/pull.log" || fail "pull $*: $(<"$work/pull.log")"; }

# One pull of an image that layerd has not: seconds.
measure_pull() {
    pull "$3" "$4"
    sample "$1" "$2" "$(field .seconds)"
}

# Body bytes that the origin sent of one blob, as a multiple of its size; the log line follows the last byte.
origin_copies() {
    local digest=$1 size=$2
    sleep 0.3
    awk -v digest="$digest" -v size="$size" 'index($0, "GET /v2/library/demo/blobs/" digest) {
        sub(/.*HTTP\/[0-9.]+" /, ""); sent += $2} END {printf "%.3f\n", sent / size}' "$work/hub.log"
}

# All at once for one cold layer: copies that the origin sent, and the last client's time.
measure_herd() {
    local row=$1 who=$2 url=$3 digest=$4
    load --connections "$herd_clients" --requests 1 "$url"
    sample "${row}_copies" "$who" "$(origin_copies "$digest" "$big")"
    sample "${row}_time" "$who" "$(field .last_byte_ms.max)"
}

# New blobs, as many connections at once: seconds until the last 201, and the server's CPU seconds.
measure_pushes() {
    local row=$1 who=$2 server=$3 seed=$4 before
    shift 4
    before=$(cpu_seconds "$server")
    "$push_program" --seed "$seed" "$@" "${base[$server]}/v2/local/pushed" >"$work/load.json" 2>"$work/push.log" ||
        fail "push $* to $who: $(<"$work/push.log")"
    sample "${row}_time" "$who" "$(field .seconds)"
    sample "${row}_cpu" "$who" "$(awk -v a="$before" -v b="$(cpu_seconds "$server")" 'BEGIN {print b - a}')"
}

# Resident memory while so many connections stand in the middle of a body, or idle after a small one.
measure_memory() {
    local row=$1 who=$2 url=$3 hold=$4
    mkfifo "$work/release"
    "$load_program" --connections 1000 --hold "$hold" "$url" >"$work/load.json" <"$work/release" &
    local holder=$!
    exec 8>"$work/release"
    eventually 30 test -s "$work/load.json" || fail "1,000 connections to $who do not come about"
    if [[ $(field .errors) == 0 ]]; then
        sample "$row" "$who" "$(resident_mib "$who")"
    else
        say "$row: $who failed $(field .errors) of 1,000 requests"
    fi
    exec 8>&-
    wait "$holder" || true
    rm "$work/release"
}
