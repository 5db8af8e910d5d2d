# shellcheck shell=bash
# For scripts that run a program in another system than this machine's. To be sourced.

# Makes the system in ROOT the root of this mount namespace, which must be private. It is a copy:
# what is written goes to memory, and ends with the namespace. Only DIR is the same as outside, at
# the same place. (A chroot would not do: runc calls pivot_root, which needs a root that is a mount.)
enter_system() { # ROOT DIR
    local scratch=$1/mnt place
    mount -t tmpfs -o mode=755 tmpfs "$scratch"
    mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
    mount -t overlay overlay \
        -o "lowerdir=$1,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
    for place in /proc /sys /dev; do
        mount --rbind "$place" "$scratch/root$place"
    done
    mkdir -p "$scratch/root$2"
    mount --bind "$2" "$scratch/root$2"
    cd "$scratch/root" || return
    pivot_root . .
    umount -l .
    cd / || return
}
