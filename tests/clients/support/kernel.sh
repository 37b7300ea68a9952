# A kernel of one's own, for what the one of this machine does not have: Debian's user-mode Linux, a process. It sees
# the files of this machine, for reading; /run is its own, in memory, and its network is a loopback.

# in_own_kernel: boots one and runs the test again there, which goes on behind this call. Here the test ends with what
# came of it.
in_own_kernel() {
    [[ -z ${IN_OWN_KERNEL:-} ]] || return 0
    need linux.uml busybox ip
    local status
    own_kernel_init >"$work/init"
    chmod +x "$work/init"
    # "con=null" leaves no terminals beside the console; the memory is a file in TMPDIR.
    timeout 240 linux.uml mem=1024M root=none rootfstype=hostfs rootflags=/ ro init="$work/init" con=null \
        con0=fd:0,fd:1 </dev/null >"$work/kernel.log" 2>&1 || true
    [[ -e $work/begun ]] || skip "user-mode Linux does not boot here: $(tail -n 1 "$work/kernel.log" | cut -c 1-200)"
    cat "$work/inside.log"
    status=$(cat "$work/status" 2>/dev/null) || fail "the kernel ended before the test"
    exit "$status"
}

# What runs there first, as process 1. /mnt is the test's folder, for writing.
own_kernel_init() {
    cat <<SH
#!/bin/bash
export PATH=$PATH
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmpfs /run
mount -t hostfs none /mnt -o $work
ip link set lo up
touch /mnt/begun
IN_OWN_KERNEL=1 TMPDIR=/run LAYERD=$layerd bash $here/$test_name >/mnt/inside.log 2>&1 </dev/null
echo \$? >/mnt/status
echo o >/proc/sysrq-trigger
sleep 60
SH
}

# load_modules MODULE...: in the order of what needs what.
load_modules() {
    local module
    for module; do
        busybox insmod "/usr/lib/uml/modules/$(uname -r)/kernel/$module.ko" || fail "the kernel has no $module"
    done
}
