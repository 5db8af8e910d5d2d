# shellcheck shell=bash
# A control group of its own for a daemon that makes groups, so that all of them can be removed
# afterwards, wherever the daemon put them. To be sourced.
#
# In order: join_cgroup, then `unshare --cgroup`, leave_cgroup_root, `unshare --mount` and
# remount_cgroups; in the end, from outside, remove_cgroup.

# Prints MOUNTPOINT TYPE OPTIONS for each tree: version 1 has one for each controller, version 2 has
# one for all, and some systems have both.
cgroup_mounts() {
    # shellcheck disable=SC2016 # awk's own $
    awk '
        FILENAME == "/proc/cgroups" { controllers[$1]; next }
        $5 == "/sys/fs/cgroup" || $5 ~ "^/sys/fs/cgroup/" {
            for (i = 7; i < NF && $i != "-"; i++);
            type = $(i + 1)
            if (type != "cgroup" && type != "cgroup2")
                next
            options = ""
            count = split($(i + 3), all, ",")
            for (j = 1; j <= count; j++) {
                if (all[j] ~ /^name=/)
                    options = options ",none," all[j]
                else if (all[j] in controllers)
                    options = options "," all[j]
            }
            print $5, type, options == "" ? "," : options
        }
    ' /proc/cgroups /proc/self/mountinfo
}

# Makes the group in every tree and puts this process into it.
join_cgroup() { # NAME
    local mount type file controller controllers
    while read -r mount type _; do
        mkdir -p "$mount/$1"
        if [[ $type == cgroup2 ]]; then
            read -r -a controllers <"$mount/cgroup.controllers" || true # it may be empty
            for controller in "${controllers[@]}"; do
                # Fails where others look after this tree; then what they pass on has to do.
                echo "+$controller" 2>/dev/null >"$mount/cgroup.subtree_control" || true
            done
            # Processes may only be in a group without controlled groups below it.
            mkdir -p "$mount/$1/daemon"
        fi
        for file in cpuset.cpus cpuset.mems; do
            # Version 1 lets no process into a group without processors and memory.
            if [[ $type == cgroup && -e $mount/$1/$file ]]; then
                cat "$mount/$file" >"$mount/$1/$file"
            fi
        done
        echo "$BASHPID" >"$mount/$1/cgroup.procs"
    done < <(cgroup_mounts)
}

# To be called in the new cgroup namespace, but still with the old mounts.
leave_cgroup_root() { # NAME
    local mount type
    while read -r mount type _; do
        if [[ $type == cgroup2 ]]; then
            echo "$BASHPID" >"$mount/$1/daemon/cgroup.procs"
        fi
    done < <(cgroup_mounts)
}

# Mounts all trees anew: in a new cgroup namespace, their roots are then this process's own group.
remount_cgroups() {
    local mounts mount type options name
    mapfile -t mounts < <(cgroup_mounts)
    umount --lazy --recursive /sys/fs/cgroup
    for mount in "${mounts[@]}"; do
        read -r mount type options <<<"$mount"
        if [[ $mount != /sys/fs/cgroup && ! -d $mount ]]; then
            mountpoint -q /sys/fs/cgroup || mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
            mkdir -p "$mount"
        fi
        mount -t "$type" -o "rw${options%,}" "$type" "$mount"
        # "cpu,cpuacct" in one tree is also known as "cpu" and as "cpuacct".
        if [[ $type == cgroup && $options == ,*,* && $options != *name=* ]]; then
            for name in ${options//,/ }; do
                ln -s -- "$(basename "$mount")" "/sys/fs/cgroup/$name"
            done
        fi
    done
}

# Removes the group and those below it, once nothing is in them.
remove_cgroup() { # NAME
    local mount end=$((SECONDS + 5))
    while read -r mount _; do
        # A group whose last process was just killed is busy for a moment.
        while [[ -d $mount/$1 ]]; do
            find "$mount/$1" -depth -type d -exec rmdir {} + 2>/dev/null && break
            ((SECONDS < end)) || break
            sleep 0.1
        done
    done < <(cgroup_mounts)
}
