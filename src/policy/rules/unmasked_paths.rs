//! `unmasked-paths`: system paths stay hidden and read-only.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References, privileged_switches_off};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "unmasked-paths",
    title: "refuses containers that open masked or read-only system paths, or a writable cgroup file system",
    why: "behind these paths of /proc and /sys lie the host's kernel settings, keys and hardware",
    fix: "remove --security-opt systempaths=unconfined",
    options: &[],
    references: References {
        guide: "3.1",
        cis: "",
        pss: "baseline",
        anssi: "R1",
    },
    exemptible: true,
    views: &["privileged", "system_paths", "tmpfs", "confinement"],
};

/// What the newest engine hides. A list of the caller's replaces the daemon's, and which daemon that
/// is cannot be told, so it has to hold all of these.
// moby daemon/pkg/oci/defaults.go, 29: the thermal_throttle files are per processor and left out.
const MASKED: &[&str] = &[
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

// moby daemon/pkg/oci/defaults.go: the same list from 20.10 to 29.
const READ_ONLY: &[&str] = &[
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// Options of a tmpfs that change nothing but that tmpfs. dockerd takes every flag of mount(8), and
/// with `remount` the mount that the runtime has made at that place (`/sys/`) becomes writable.
// moby/sys/mount flags_unix.go: MergeTmpfsOptions.
const TMPFS_FLAGS: &[&str] = &[
    "",
    "async",
    "atime",
    "defaults",
    "dev",
    "diratime",
    "dirsync",
    "exec",
    "noatime",
    "nodev",
    "nodiratime",
    "noexec",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "private",
    "relatime",
    "ro",
    "rprivate",
    "rw",
    "strictatime",
    "suid",
    "sync",
];

const TMPFS_VALUES: &[&str] = &[
    "gid",
    "mode",
    "mpol",
    "nr_blocks",
    "nr_inodes",
    "size",
    "uid",
];

fn is_plain(option: &str) -> bool {
    match option.split_once('=') {
        Some((name, _)) => TMPFS_VALUES.contains(&name),
        None => TMPFS_FLAGS.contains(&option),
    }
}

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    let mut findings: Vec<Finding> = privileged_switches_off(call, "masked and read-only paths")
        .into_iter()
        .collect();
    if let Some(paths) = call.system_paths() {
        for (field, given, due) in [
            ("HostConfig.MaskedPaths", &paths.masked, MASKED),
            ("HostConfig.ReadonlyPaths", &paths.read_only, READ_ONLY),
        ] {
            let Some(given) = given else {
                continue;
            };
            let opened: Vec<&str> = due
                .iter()
                .filter(|path| !given.iter().any(|given| given == *path))
                .copied()
                .collect();
            if !opened.is_empty() {
                findings.push(Finding::new(
                    format!("`{field}` opens {}", opened.join(", ")),
                    "leave the list out: remove --security-opt systempaths=unconfined",
                ));
            }
        }
    }
    for tmpfs in call.tmpfs().into_iter().flatten() {
        for option in tmpfs.options.iter().filter(|option| !is_plain(option)) {
            findings.push(Finding::new(
                format!("`{}` has the option `{option}`", tmpfs.field),
                "leave the option out of --tmpfs",
            ));
        }
    }
    if call
        .confinement()
        .is_some_and(|confinement| confinement.writable_cgroups)
    {
        findings.push(Finding::new(
            "its cgroup file system is writable",
            "remove --security-opt writable-cgroups",
        ));
    }
    findings
}
