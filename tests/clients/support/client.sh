# Running clients: those of this machine, or those of a root file system that LAYERD_CLIENTS names (FOLDER/root, as
# debootstrap makes it). Daemons and their helpers get a mount namespace and a /run of their own, so that no socket
# of the machine is found and no mount stays behind; the work folder has the same path inside as outside.

clients_root=${LAYERD_CLIENTS:+$LAYERD_CLIENTS/root}
[[ -z $clients_root || -d $clients_root ]] || skip "LAYERD_CLIENTS has no folder 'root': $LAYERD_CLIENTS"

need_client() {
    local program found
    for program; do
        if [[ -n $clients_root ]]; then
            found=$(chroot "$clients_root" /bin/sh -c "command -v $program" 2>/dev/null) || true
        else
            found=$(command -v "$program") || true
        fi
        [[ -n $found ]] || skip "$program is not installed${clients_root:+ in $LAYERD_CLIENTS}"
    done
}

# For clients that unpack layers or run daemons.
need_namespaces() {
    ((EUID == 0)) || skip "$1 needs root here"
    unshare --mount --propagation private true 2>/dev/null || skip "$1 needs a mount namespace, which this place forbids"
}

enter_private_run='mount -t tmpfs tmpfs /run && exec "$@"'
# shellcheck disable=SC2016 # expanded inside
enter_clients_root='set -e
root=$1 work=$2
shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"; mount --rbind /sys "$root/sys"; mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"; mount -t tmpfs tmpfs "$root/tmp"
mkdir -p "$root$work" "$root/run/before"
mount --bind "$work" "$root$work"
cd "$root"; pivot_root . run/before; umount -l /run/before; cd /
exec "$@"'

# client CMD...: replaces itself by the client, so that `start NAME client ...` has the client's own pid.
client() {
    if [[ -n $clients_root ]]; then
        exec unshare --mount --propagation private bash -c "$enter_clients_root" client "$clients_root" "$work" "$@"
    elif ((EUID == 0)) && unshare --mount --propagation private true 2>/dev/null; then
        exec unshare --mount --propagation private bash -c "$enter_private_run" client "$@"
    else
        exec "$@"
    fi
}

# run_client CMD...: in the foreground; what it says goes to client.log.
run_client() {
    printf '+ %s\n' "$*" >>"$work/client.log"
    (client "$@") >>"$work/client.log" 2>&1
}
