//! For each rule that the preset `default` denies: a container that breaks it and no other, and the
//! nearest one that is compliant.

/// A pair of containers, as arguments of `docker run` beyond the hardened ones.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Every rule that has to be named, and no other.
    pub(crate) rules: &'static [&'static str],
    /// Hardened arguments that are left out.
    pub(crate) without: &'static [&'static str],
    pub(crate) with: &'static [&'static str],
    /// What the nearest compliant container has instead.
    pub(crate) instead: &'static [&'static str],
}

/// What a hardened container is started with.
pub(crate) const HARDENED: &[&str] = &[
    "--network=none",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=65534:65534",
    "--memory=64m",
    "--memory-swap=64m",
    "--cpus=0.5",
    "--pids-limit=64",
    "--read-only",
];

const fn case(
    name: &'static str,
    rules: &'static [&'static str],
    without: &'static [&'static str],
    with: &'static [&'static str],
    instead: &'static [&'static str],
) -> Case {
    Case {
        name,
        rules,
        without,
        with,
        instead,
    }
}

/// `$DIR` stands for the folder of the test.
pub(crate) const CASES: &[Case] = &[
    case(
        "capabilities-kept",
        &["retained-capabilities"],
        &["--cap-drop=ALL"],
        &[],
        &["--cap-drop=ALL"],
    ),
    case(
        "one-capability-kept",
        &["retained-capabilities"],
        &["--cap-drop=ALL"],
        &["--cap-drop=CHOWN"],
        &["--cap-drop=all"],
    ),
    case(
        "all-capabilities-added",
        &["retained-capabilities", "added-capabilities"],
        &[],
        &["--cap-add=ALL"],
        &[],
    ),
    case(
        "capability-added",
        &["added-capabilities"],
        &[],
        &["--cap-add=cap_net_raw"],
        &[],
    ),
    case(
        "privileged",
        &[
            "privileged",
            "retained-capabilities",
            "host-devices",
            "unconfined-seccomp",
            "unconfined-apparmor",
            "unconfined-selinux",
            "unmasked-paths",
        ],
        &[],
        &["--privileged"],
        &[],
    ),
    case(
        "host-network",
        &["host-network"],
        &["--network=none"],
        &["--network=host"],
        &["--network=none"],
    ),
    case("host-pid", &["host-pid"], &[], &["--pid=host"], &[]),
    case(
        "host-ipc",
        &["host-ipc"],
        &[],
        &["--ipc=host"],
        &["--ipc=private"],
    ),
    case(
        "host-uts",
        &["host-uts"],
        &[],
        &["--uts=host"],
        &["--hostname=own"],
    ),
    case(
        "host-userns",
        &["host-user-namespace"],
        &[],
        &["--userns=host"],
        &[],
    ),
    case(
        "host-cgroupns",
        &["host-cgroup-namespace"],
        &[],
        &["--cgroupns=host"],
        &["--cgroupns=private"],
    ),
    case(
        "cgroup-parent",
        &["cgroup-parent"],
        &[],
        &["--cgroup-parent=/elsewhere"],
        &[],
    ),
    case(
        "no-memory-limit",
        &["unlimited-memory", "unlimited-swap"],
        &["--memory=64m", "--memory-swap=64m"],
        &[],
        &["--memory=32m"],
    ),
    case(
        "swap-without-end",
        &["unlimited-swap"],
        &["--memory-swap=64m"],
        &["--memory-swap=-1"],
        &["--memory-swap=128m"],
    ),
    case(
        "no-cpu-limit",
        &["unlimited-cpu"],
        &["--cpus=0.5"],
        &["--cpu-shares=2"],
        &["--cpu-period=100000", "--cpu-quota=50000"],
    ),
    case(
        "cpu-quota-below-zero",
        &["unlimited-cpu"],
        &["--cpus=0.5"],
        &["--cpu-quota=-1"],
        &["--cpu-quota=50000"],
    ),
    case(
        "writable-rootfs",
        &["writable-rootfs"],
        &["--read-only"],
        &[],
        &["--read-only", "--tmpfs=/tmp"],
    ),
    case(
        "sensitive-path",
        &["host-paths"],
        &[],
        &["--volume=/usr/share:/mnt:ro"],
        &["--volume=$DIR/own:/mnt:ro"],
    ),
    case(
        "sensitive-path-mount",
        &["host-paths"],
        &[],
        &["--mount=type=bind,src=/usr/share,dst=/mnt,readonly"],
        &["--mount=type=bind,src=$DIR/own,dst=/mnt"],
    ),
    case(
        "link-to-sensitive-path",
        &["host-paths"],
        &[],
        &["--volume=$DIR/link:/mnt:ro"],
        &["--volume=$DIR/own:/mnt"],
    ),
    case(
        "climbing-path",
        &["host-paths"],
        &[],
        &["--volume=$DIR/../../usr/share:/mnt:ro"],
        &["--volume=$DIR/own/../own:/mnt"],
    ),
    case(
        "volume-that-is-a-bind",
        &["host-paths"],
        &[],
        &[
            "--mount=type=volume,dst=/mnt,volume-driver=local,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/usr/share",
        ],
        &["--volume=data:/mnt"],
    ),
    case(
        "volume-device-that-climbs",
        &["host-paths"],
        &[],
        &[
            "--mount=type=volume,dst=/mnt,volume-driver=local,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/var/run/../usr/share",
        ],
        &["--volume=other:/mnt"],
    ),
    case(
        "tmpfs-that-remounts",
        &["unmasked-paths"],
        &[],
        &["--tmpfs=/dev/shm/:remount,exec"],
        &["--tmpfs=/tmp:size=1m,exec"],
    ),
    case(
        "docker-socket",
        &["docker-socket"],
        &[],
        &["--volume=$DIR/docker.sock:/mnt/docker.sock"],
        &["--volume=$DIR/own:/mnt"],
    ),
    case(
        "device",
        &["host-devices"],
        &[],
        &["--device=/dev/zero:/dev/x:r"],
        &[],
    ),
    case(
        "device-rule",
        &["host-devices"],
        &[],
        &["--device-cgroup-rule=c 1:5 r"],
        &[],
    ),
    case(
        "no-seccomp",
        &["unconfined-seccomp"],
        &[],
        &["--security-opt=seccomp=unconfined"],
        &[],
    ),
    case(
        "no-apparmor",
        &["unconfined-apparmor"],
        &[],
        &["--security-opt=apparmor=unconfined"],
        &[],
    ),
    case(
        "no-selinux",
        &["unconfined-selinux"],
        &[],
        &["--security-opt=label=disable"],
        &[],
    ),
    case(
        "open-system-paths",
        &["unmasked-paths"],
        &[],
        &["--security-opt=systempaths=unconfined"],
        &[],
    ),
    case(
        "kernel-setting",
        &["kernel-settings"],
        &[],
        &["--sysctl=net.ipv4.ip_forward=1"],
        &["--sysctl=net.ipv4.tcp_syncookies=0"],
    ),
    case(
        "runtime",
        &["foreign-runtime"],
        &[],
        &["--runtime=io.containerd.runc.v2"],
        &["--runtime=runc"],
    ),
    case(
        "gate-files",
        &["host-paths", "docker-socket", "gate-tampering"],
        &[],
        &["--volume=/run/docker/plugins:/mnt"],
        &[],
    ),
];

impl Case {
    /// The arguments of the container that breaks the rules.
    pub(crate) fn bad(&self, folder: &str) -> Vec<String> {
        self.run(self.name, self.with, folder)
    }

    /// The arguments of its nearest compliant one.
    pub(crate) fn good(&self, folder: &str) -> Vec<String> {
        self.run(&format!("{}-good", self.name), self.instead, folder)
    }

    fn run(&self, name: &str, with: &[&str], folder: &str) -> Vec<String> {
        let kept = HARDENED.iter().filter(|flag| !self.without.contains(flag));
        ["run", "--rm", "--name", name]
            .iter()
            .chain(kept)
            .chain(with)
            .chain(&[super::support::IMAGE, "echo", "it", "ran"])
            .map(|argument| argument.replace("$DIR", folder))
            .collect()
    }
}
