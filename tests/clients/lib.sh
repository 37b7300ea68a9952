# What every client test stands on; sourced, never run. A test is one bash file, its name says the behaviour: it
# starts real registries and a real layerd on free ports below one temporary folder, drives a real client, and
# compares what the origin and layerd counted. Everything started is stopped, and everything made is removed, on
# any way out.
#
#   LAYERD          the program under test (CMake sets it)
#   LAYERD_CLIENTS  a folder with a root file system of other clients: see support/client.sh
#   KEEP=1          leaves the folder with all logs behind
set -Eeuo pipefail
shopt -s inherit_errexit

test_name=$(basename "$0")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
layerd=$(realpath "${LAYERD:?the layerd program to test}")
# Debian's own programs first: a newer docker client elsewhere in PATH does not fit Debian's dockerd.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
# No proxy, no credentials and no configuration of whoever runs this.
unset HTTP_PROXY HTTPS_PROXY http_proxy https_proxy ALL_PROXY all_proxy DOCKER_HOST DOCKER_CONFIG REGISTRY_AUTH_FILE
work=$(mktemp -d "${TMPDIR:-/tmp}/layerd-test.XXXXXX")
claims=${TMPDIR:-/tmp}/layerd-test-ports.$UID # a folder for each port that a running test has chosen
export HOME=$work/home XDG_RUNTIME_DIR=$work/xdg TMPDIR=$work/tmp
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" "$TMPDIR"
chmod 755 "$work"

# Where a program that a sanitizer watches is to say what it found; a test that made it say something has failed.
findings=$work/sanitizer
export ASAN_OPTIONS=log_path=$findings TSAN_OPTIONS=log_path=$findings
export UBSAN_OPTIONS=log_path=$findings:print_stacktrace=1

declare -A pids=()
started=()

say() { printf "%s: %s\n" "$test_name" "$*" >&2; }

# ctest reports 77 as "Skipped"; the reason stands in the output.
skip() {
    say "skipped: $*"
    exit 77
}

fail() {
    say "FAILED: $*"
    trap - ERR
    exit 1
}

show_findings() {
    say "FAILED: a sanitizer found something"
    head -n 100 "$findings".*
}

# Whether the program under test is a sanitizer's build: then it takes more memory than it would.
is_sanitized() { grep -qE '__(asan|tsan)_init' "$layerd"; }

show_logs() {
    local log
    for log in "$work"/*.log; do
        [[ -e $log ]] || continue
        echo "--- last lines of $(basename "$log")"
        tail -n 15 "$log" | cut -c 1-300
    done
}

cleanup() {
    local status=$? i
    trap - EXIT
    set +e
    ((status == 0 || status == 77)) || show_logs
    close_browser
    for ((i = ${#started[@]} - 1; i >= 0; i--)); do stop "${started[i]}"; done
    if compgen -G "$findings.*" >/dev/null; then
        show_findings
        status=1
    fi
    [[ ! -e $work/ports ]] || (cd "$claims" && xargs -r rmdir) <"$work/ports"
    # What a test mounted below its folder, the last first.
    awk -v below="$work/" 'index($2, below) == 1 {print $2}' /proc/mounts | tac | xargs -r -n 1 umount
    if [[ -n ${KEEP:-} ]]; then
        say "left behind: $work"
    else
        rm -rf --one-file-system "$work"
    fi
    exit "$status"
}
trap cleanup EXIT
trap 'say "FAILED: line $LINENO: $BASH_COMMAND"' ERR
trap 'exit 130' INT TERM

# start NAME CMD...: in the background, output to NAME.log.
start() {
    local name=$1
    shift
    "$@" >>"$work/$name.log" 2>&1 </dev/null &
    pids[$name]=$!
    started+=("$name")
}

alive() { [[ -n ${pids[$1]:-} ]] && kill -0 "${pids[$1]}" 2>/dev/null; }

# Asks to end, waits up to ten seconds, then insists. Stopping what has ended is fine.
stop() {
    local name=$1 pid=${pids[$1]:-} i
    [[ -n $pid ]] || return 0
    unset "pids[$name]"
    kill -TERM "$pid" 2>/dev/null || true
    for ((i = 0; i < 100; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

# eventually SECONDS CMD...: until CMD succeeds, or the time is over.
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# Any HTTP answer counts, a 401 too.
answers() { curl --silent --insecure --output /dev/null --max-time 5 "$1"; }

ready() {
    alive "$1" || fail "$1 ended by itself"
    answers "$2"
}

# A port below the ephemeral range that nobody listens on, and that is this test's until it ends: tests run side by
# side.
free_port() {
    local port
    mkdir -p "$claims"
    find "$claims" -mindepth 1 -mmin +60 -delete # of tests that were killed
    while :; do
        port=$((20000 + RANDOM % 12000))
        mkdir "$claims/$port" 2>/dev/null || continue
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
        rmdir "$claims/$port"
    done
    echo "$port" | tee -a "$work/ports"
}

equal() {
    [[ $2 == "$3" ]] || fail "$1: expected '$2', got '$3'"
}

need() {
    local program
    for program; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
}

for part in image origin guard mirror client containers_image daemon herd push builder outage browser login certificates \
    kernel; do
    # shellcheck source=/dev/null
    source "$here/support/$part.sh"
done
