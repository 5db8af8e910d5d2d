//! The judge: what the preset `default` means, read off what the daemon has made.
//!
//! It shares nothing with the gate but the preset's own file. It sees no request, only what dockerd
//! answers to inspect, and so cannot be deceived by a spelling.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::engine::World;

/// What the judge may look at beside the thing itself.
pub(crate) trait Surroundings {
    /// A path of the daemon's file system with every link followed.
    fn real_path(&self, path: &str) -> String;
    /// A volume, as inspect shows it; null when there is none.
    fn volume(&self, name: &str) -> Value;
    /// A network, by name or id; null when there is none.
    fn network(&self, name: &str) -> Value;
}

/// What is wrong with a thing: the rules, each with what was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// It breaks these rules.
    pub(crate) breaks: BTreeMap<&'static str, String>,
    /// For these rules one may see it either way, so neither an allow nor a refusal is a fault.
    pub(crate) doubts: BTreeMap<&'static str, String>,
}

impl Judgement {
    /// Whether nobody could find anything.
    pub(crate) fn complies(&self) -> bool {
        self.breaks.is_empty() && self.doubts.is_empty()
    }

    /// The rules that this breaks and `before` did not.
    pub(crate) fn broken_since(&self, before: &Self) -> Vec<&'static str> {
        self.breaks
            .keys()
            .filter(|rule| !before.breaks.contains_key(*rule))
            .copied()
            .collect()
    }
}

/// The preset, as its file says.
struct Preset(toml::Table);

impl Preset {
    fn rule(&self, rule: &str) -> Option<&toml::Value> {
        self.0["rules"].get(rule)
    }

    fn denies(&self, rule: &str) -> bool {
        self.rule(rule)
            .is_some_and(|options| options["mode"].as_str() == Some("deny"))
    }

    fn list(&self, rule: &str, option: &str) -> Vec<&str> {
        self.rule(rule)
            .and_then(|options| options.get(option)?.as_array())
            .unwrap_or_else(|| panic!("the preset has no {rule}.{option}"))
            .iter()
            .filter_map(toml::Value::as_str)
            .collect()
    }
}

/// What a container has when nothing is dropped.
const DEFAULT_CAPABILITIES: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// How engines call their sockets.
const SOCKET_NAMES: [&str; 4] = ["docker.sock", "containerd.sock", "podman.sock", "crio.sock"];

/// Rules about which the caller of a build has no say: no parameter drops its capabilities or makes
/// its root file system read-only.
const NOT_FOR_BUILDS: [&str; 2] = ["retained-capabilities", "writable-rootfs"];

pub(crate) struct Judge<'a> {
    preset: Preset,
    world: &'a World,
    around: &'a dyn Surroundings,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(world: &'a World, around: &'a dyn Surroundings) -> Self {
        let preset = include_str!("../../policy/default.toml").parse().unwrap();
        Self {
            preset: Preset(preset),
            world,
            around,
        }
    }

    /// The rules that this judge knows and the preset denies.
    pub(crate) fn rules(&self) -> BTreeSet<&'static str> {
        RULES
            .iter()
            .copied()
            .filter(|rule| self.preset.denies(rule))
            .collect()
    }

    fn note(&self, sight: &mut Sight) -> Judgement {
        let enforced = |notes: &mut BTreeMap<&'static str, String>| {
            notes.retain(|rule, _| {
                assert!(RULES.contains(rule), "{rule} is missing in RULES");
                self.preset.denies(rule)
            });
            std::mem::take(notes)
        };
        let breaks = enforced(&mut sight.breaks);
        let mut doubts = enforced(&mut sight.doubts);
        doubts.retain(|rule, _| !breaks.contains_key(rule));
        Judgement { breaks, doubts }
    }

    /// A container, made or running.
    pub(crate) fn container(&self, inspect: &Value) -> Judgement {
        let mut sight = Sight::default();
        let host = &inspect["HostConfig"];
        if host["Privileged"] == true {
            sight.breaks("privileged", "Privileged");
        }
        capabilities(
            &mut sight,
            host["Privileged"] == true,
            &names(&host["CapAdd"]),
            &names(&host["CapDrop"]),
        );
        self.namespaces(&mut sight, inspect);
        for (field, certain) in [("CgroupParent", true), ("Cgroup", false)] {
            let text = text(&host[field]);
            if !text.is_empty() {
                sight.note("cgroup-parent", certain, format!("{field} {text}"));
            }
        }
        self.memory(
            &mut sight,
            number(&host["Memory"]),
            number(&host["MemorySwap"]),
        );
        self.processors(&mut sight, host);
        if host["ReadonlyRootfs"] != true {
            sight.breaks("writable-rootfs", "ReadonlyRootfs is not true");
        }
        for mount in list(&inspect["Mounts"]) {
            self.mount(&mut sight, mount);
        }
        if !list(&host["VolumesFrom"]).is_empty() {
            sight.doubts("host-paths", "VolumesFrom");
        }
        if !matches!(text(&host["VolumeDriver"]), "" | "local") {
            // Where it has made a volume, that is broken above.
            sight.doubts("host-paths", "VolumeDriver");
        }
        for field in ["Devices", "DeviceCgroupRules", "DeviceRequests"] {
            if !list(&host[field]).is_empty() {
                sight.breaks("host-devices", format!("{field} {}", host[field]));
            }
        }
        self.confinement(&mut sight, inspect);
        self.system_paths(&mut sight, host);
        for key in object(&host["Sysctls"]).map(|(key, _)| key) {
            self.sysctl(&mut sight, key);
        }
        let runtime = text(&host["Runtime"]);
        if !runtime.is_empty()
            && !self
                .preset
                .list("foreign-runtime", "allow")
                .contains(&runtime)
        {
            sight.breaks("foreign-runtime", runtime);
        }
        if object(&host["Annotations"]).next().is_some() {
            sight.breaks("foreign-runtime", host["Annotations"].to_string());
        }
        self.note(&mut sight)
    }

    /// A container that a classic build has made for one of its steps.
    pub(crate) fn build(&self, inspect: &Value) -> Judgement {
        let mut judgement = self.container(inspect);
        judgement
            .breaks
            .retain(|rule, _| !NOT_FOR_BUILDS.contains(rule));
        judgement
    }

    /// A volume.
    pub(crate) fn volume(&self, inspect: &Value) -> Judgement {
        let mut sight = Sight::default();
        let driver = text(&inspect["Driver"]);
        self.look_at_volume(&mut sight, driver, &inspect["Options"], true);
        self.note(&mut sight)
    }

    /// A managed plugin, which is there at all.
    pub(crate) fn plugin(&self) -> Judgement {
        let mut sight = Sight::default();
        sight.breaks("plugin-change", "a plugin of the caller's");
        self.note(&mut sight)
    }

    /// An exec.
    pub(crate) fn exec(&self, inspect: &Value) -> Judgement {
        let mut sight = Sight::default();
        if inspect["ProcessConfig"]["privileged"] == true {
            sight.breaks("privileged", "a privileged exec");
        }
        self.note(&mut sight)
    }

    /// A network.
    pub(crate) fn network(&self, inspect: &Value) -> Judgement {
        let mut sight = Sight::default();
        let options = &inspect["Options"];
        match text(&inspect["Driver"]) {
            "host" => sight.breaks("host-network", "driver host"),
            driver @ ("macvlan" | "ipvlan") => {
                let parent = text(&options["parent"]);
                sight.note(
                    "host-network",
                    !parent.is_empty(),
                    format!("{driver} on {parent}"),
                );
            }
            _ => {}
        }
        for option in ["parent", "com.docker.network.bridge.name"] {
            if !options[option].is_null() {
                sight.doubts("host-network", format!("{option} {}", options[option]));
            }
        }
        self.note(&mut sight)
    }

    /// A Swarm service, by its specification.
    pub(crate) fn service(&self, inspect: &Value) -> Judgement {
        let mut sight = Sight::default();
        let spec = &inspect["Spec"];
        let (task, container) = (
            &spec["TaskTemplate"],
            &spec["TaskTemplate"]["ContainerSpec"],
        );
        capabilities(
            &mut sight,
            false,
            &names(&container["CapabilityAdd"]),
            &names(&container["CapabilityDrop"]),
        );
        for network in list(&task["Networks"])
            .iter()
            .chain(list(&spec["Networks"]))
        {
            if self.driver_of(text(&network["Target"])) == "host" {
                sight.breaks("host-network", format!("network {}", network["Target"]));
            }
        }
        let limits = &task["Resources"]["Limits"];
        // Swap is twice the memory unless an engine from 29 is told otherwise.
        let memory = number(&limits["MemoryBytes"]);
        self.memory(&mut sight, memory, memory.saturating_mul(2));
        let nanos = number(&limits["NanoCPUs"]);
        self.quota(&mut sight, nanos / 10_000, 100_000);
        self.edges_of_cpu(&mut sight, nanos, &container["Ulimits"]);
        if container["ReadOnly"] != true {
            sight.breaks("writable-rootfs", "ReadOnly is not true");
        }
        for mount in list(&container["Mounts"]) {
            let writable = mount["ReadOnly"] != true;
            let driver = &mount["VolumeOptions"]["DriverConfig"];
            match text(&mount["Type"]) {
                "bind" => self.host_path(&mut sight, text(&mount["Source"]), writable),
                "volume" => {
                    let (name, options) = (text(&driver["Name"]), &driver["Options"]);
                    self.look_at_volume(&mut sight, name, options, writable);
                }
                "tmpfs" => {}
                other => sight.doubts("host-paths", format!("mount type {other}")),
            }
        }
        let privileges = &container["Privileges"];
        if !matches!(text(&privileges["Seccomp"]["Mode"]), "" | "default") {
            sight.breaks("unconfined-seccomp", privileges["Seccomp"].to_string());
        }
        if !matches!(text(&privileges["AppArmor"]["Mode"]), "" | "default") {
            sight.breaks("unconfined-apparmor", privileges["AppArmor"].to_string());
        }
        let selinux = &privileges["SELinuxContext"];
        if selinux["Disable"] == true {
            sight.breaks("unconfined-selinux", "disabled");
        }
        for kind in ["User", "Role", "Type", "Level"] {
            let label = text(&selinux[kind]);
            if !label.is_empty() {
                self.label(&mut sight, &kind.to_ascii_lowercase(), label);
            }
        }
        for key in object(&container["Sysctls"]).map(|(key, _)| key) {
            self.sysctl(&mut sight, key);
        }
        self.note(&mut sight)
    }

    // === one kind of rule each ===

    fn namespaces(&self, sight: &mut Sight, inspect: &Value) {
        let host = &inspect["HostConfig"];
        for (rule, field) in [
            ("host-pid", "PidMode"),
            ("host-ipc", "IpcMode"),
            ("host-uts", "UTSMode"),
            ("host-user-namespace", "UsernsMode"),
            ("host-cgroup-namespace", "CgroupnsMode"),
        ] {
            if host[field] == "host" {
                sight.breaks(rule, field);
            }
        }
        let mode = text(&host["NetworkMode"]);
        if mode == "host" {
            // Without a network it has an empty namespace of its own, whatever its mode says.
            let certain = inspect["Config"]["NetworkDisabled"] != true;
            sight.note("host-network", certain, "NetworkMode".to_owned());
        } else if self.driver_of(mode) == "host" {
            // Engines refuse this, or give an empty namespace.
            sight.doubts("host-network", format!("NetworkMode {mode}"));
        }
        for (key, endpoint) in object(&inspect["NetworkSettings"]["Networks"]) {
            if mode != "host" {
                for name in [key, text(&endpoint["NetworkID"])] {
                    if self.driver_of(name) == "host" {
                        sight.doubts("host-network", format!("endpoint {key} {name}"));
                    }
                }
            }
            // Settings of one interface, `KEY=VALUE,KEY=VALUE`.
            let settings = text(&endpoint["DriverOpts"]["com.docker.network.endpoint.sysctls"]);
            for setting in settings.split(',').filter(|setting| !setting.is_empty()) {
                let key = setting.split('=').next().unwrap_or_default();
                if self.world.major >= 27 {
                    self.sysctl(sight, key);
                } else {
                    sight.doubts("kernel-settings", key);
                }
            }
        }
    }

    /// The driver of a network, by name, id or the beginning of one; empty when there is none.
    fn driver_of(&self, network: &str) -> String {
        let known = ["", "default", "bridge", "none"];
        if known.contains(&network) || network.starts_with("container:") {
            return String::new();
        }
        text(&self.around.network(network)["Driver"]).to_owned()
    }

    fn memory(&self, sight: &mut Sight, memory: i64, swap: i64) {
        if memory <= 0 || memory > self.world.memory {
            sight.breaks("unlimited-memory", format!("Memory {memory}"));
        }
        let most = self.world.memory.saturating_add(self.world.swap);
        if swap < 0 || (swap == 0 && memory <= 0) || swap.saturating_sub(memory) > most {
            sight.breaks(
                "unlimited-swap",
                format!("Memory {memory} MemorySwap {swap}"),
            );
        }
    }

    fn processors(&self, sight: &mut Sight, host: &Value) {
        let period = match number(&host["CpuPeriod"]) {
            0 => 100_000,
            period => period,
        };
        let quota = match number(&host["CpuQuota"]) {
            // In whole microseconds of each tenth of a second.
            0 => number(&host["NanoCpus"]) / 10_000,
            quota => quota,
        };
        self.quota(sight, quota, period);
        if number(&host["CpuRealtimeRuntime"]) != 0 {
            sight.doubts("unlimited-cpu", "CpuRealtimeRuntime");
        }
        self.edges_of_cpu(sight, number(&host["NanoCpus"]), &host["Ulimits"]);
    }

    fn edges_of_cpu(&self, sight: &mut Sight, nanos: i64, limits: &Value) {
        // What is cut off when it becomes microseconds.
        if nanos > self.world.cpus.saturating_mul(1_000_000_000) {
            sight.doubts("unlimited-cpu", format!("{nanos} billionths"));
        }
        for limit in list(limits) {
            if text(&limit["Name"]).eq_ignore_ascii_case("rtprio") {
                sight.doubts("unlimited-cpu", limit.to_string());
            }
        }
    }

    fn quota(&self, sight: &mut Sight, quota: i64, period: i64) {
        if quota <= 0 || quota > self.world.cpus.saturating_mul(period) {
            sight.breaks("unlimited-cpu", format!("{quota} of {period} microseconds"));
        } else if quota < 1_000 {
            // The kernel takes no quota below a millisecond, so such a container cannot start.
            sight.doubts("unlimited-cpu", format!("{quota} of {period} microseconds"));
        }
    }

    fn mount(&self, sight: &mut Sight, mount: &Value) {
        let writable = mount["RW"] == true;
        match text(&mount["Type"]) {
            "bind" => self.host_path(sight, text(&mount["Source"]), writable),
            "volume" => {
                let volume = self.around.volume(text(&mount["Name"]));
                let driver = text(&volume["Driver"]);
                self.look_at_volume(sight, driver, &volume["Options"], writable);
            }
            "tmpfs" | "image" => {}
            other => sight.doubts("host-paths", format!("mount type {other}")),
        }
    }

    /// A volume that is there, or that this driver will make with these options.
    fn look_at_volume(&self, sight: &mut Sight, driver: &str, options: &Value, writable: bool) {
        if !matches!(driver, "" | "local") {
            sight.breaks("host-paths", format!("volume driver {driver}"));
            return;
        }
        let (kind, device) = (text(&options["type"]), text(&options["device"]));
        let flags: Vec<&str> = text(&options["o"]).split(',').map(str::trim).collect();
        if flags.contains(&"remount") {
            sight.doubts("host-paths", "remount");
        }
        let binds = flags.contains(&"bind") || flags.contains(&"rbind");
        if binds || (matches!(kind, "" | "none" | "bind") && !device.is_empty()) {
            self.host_path(sight, device, writable);
            return;
        }
        match kind {
            "" | "none" | "tmpfs" | "nfs" | "nfs4" | "cifs" | "smb3" => {}
            // The kernel's own file systems are what lies at /proc and /sys.
            "proc" | "sysfs" | "cgroup" | "cgroup2" | "devtmpfs" | "debugfs" | "securityfs" => {
                sight.breaks("host-paths", format!("file system {kind}"));
            }
            "overlay" => {
                let layers = flags
                    .iter()
                    .filter_map(|flag| flag.split_once('='))
                    .filter(|(key, _)| matches!(*key, "lowerdir" | "upperdir"))
                    .flat_map(|(_, paths)| paths.split(':'));
                for layer in layers.filter(|layer| layer.starts_with('/')) {
                    self.host_path(sight, layer, writable);
                }
                sight.doubts("host-paths", "overlay");
            }
            other => {
                if device.starts_with('/') {
                    self.host_path(sight, device, writable);
                }
                sight.doubts("host-paths", format!("file system {other}"));
            }
        }
    }

    fn host_path(&self, sight: &mut Sight, path: &str, writable: bool) {
        if !path.starts_with('/') || path.contains('\0') {
            sight.doubts("host-paths", format!("a path that leads nowhere: {path:?}"));
            return;
        }
        let real = self.around.real_path(path);
        // What is written there may be refused too, since a link may change.
        for (seen, certain) in [(real.as_str(), true), (path, false)] {
            let what = format!("{path} is {real}");
            let touches = |places: &[&str]| {
                places
                    .iter()
                    .any(|place| lies_in(seen, place) || lies_in(place, seen))
            };
            if touches(&self.preset.list("host-paths", "sensitive")) {
                sight.note("host-paths", certain, what.clone());
            }
            let name = seen.rsplit('/').next().unwrap_or_default();
            if SOCKET_NAMES.contains(&name)
                || touches(&self.preset.list("docker-socket", "sockets"))
            {
                sight.note("docker-socket", certain, what.clone());
            }
            if writable && touches(&self.preset.list("gate-tampering", "paths")) {
                sight.note("gate-tampering", certain, what);
            }
        }
    }

    fn confinement(&self, sight: &mut Sight, inspect: &Value) {
        let mut seccomp = "";
        for option in list(&inspect["HostConfig"]["SecurityOpt"]) {
            let option = text(option);
            let (key, value) = option
                .split_once('=')
                .or_else(|| option.split_once(':'))
                .unwrap_or((option, ""));
            match (key, value) {
                ("seccomp", "unconfined") => seccomp = value,
                ("seccomp", "builtin") => {
                    if !seccomp.is_empty() {
                        sight.doubts("unconfined-seccomp", "builtin at last");
                    }
                    seccomp = "";
                }
                ("seccomp", "") => sight.doubts("unconfined-seccomp", "empty"),
                ("seccomp", _) => seccomp = "a profile of the caller's",
                // The last one counts, which inspect shows elsewhere.
                ("apparmor", name) if !self.is_usual_profile(name) => {
                    sight.doubts("unconfined-apparmor", name);
                }
                ("apparmor", "") => sight.doubts("unconfined-apparmor", "empty"),
                ("label", label) => {
                    let (kind, value) = label.split_once(':').unwrap_or((label, ""));
                    self.label(sight, kind, value);
                }
                ("disable", "") => self.label(sight, "disable", ""),
                ("writable-cgroups", "" | "1" | "t" | "T" | "true" | "TRUE" | "True") => {
                    sight.breaks("unmasked-paths", option);
                }
                _ => {}
            }
        }
        if !seccomp.is_empty() {
            sight.breaks("unconfined-seccomp", seccomp);
        }
        let profile = text(&inspect["AppArmorProfile"]);
        if !self.is_usual_profile(profile) {
            sight.breaks("unconfined-apparmor", profile);
        }
    }

    fn is_usual_profile(&self, profile: &str) -> bool {
        profile.is_empty()
            || self
                .preset
                .list("unconfined-apparmor", "profiles")
                .contains(&profile)
    }

    fn label(&self, sight: &mut Sight, kind: &str, value: &str) {
        let types = self.preset.list("unconfined-selinux", "types");
        match kind {
            "level" | "filetype" => {}
            "type" if types.contains(&value) => {}
            _ => sight.breaks("unconfined-selinux", format!("{kind}:{value}")),
        }
    }

    fn system_paths(&self, sight: &mut Sight, host: &Value) {
        for (field, due) in [
            ("MaskedPaths", &self.world.masked),
            ("ReadonlyPaths", &self.world.read_only),
        ] {
            let given: Vec<&str> = list(&host[field]).iter().map(text).collect();
            if let Some(open) = due.iter().find(|path| !given.contains(&path.as_str())) {
                sight.breaks("unmasked-paths", format!("{field} lacks {open}"));
            }
        }
        for (target, options) in object(&host["Tmpfs"]) {
            for option in text(options).split(',') {
                let name = option.split('=').next().unwrap_or_default();
                if name == "remount"
                    && ["/proc", "/sys", "/dev"]
                        .iter()
                        .any(|system| lies_in(&self.around.real_path(target), system))
                {
                    sight.breaks("unmasked-paths", format!("tmpfs {target} {option}"));
                } else if !USUAL_TMPFS_OPTIONS.contains(&name) {
                    sight.doubts("unmasked-paths", format!("tmpfs {target} {option}"));
                }
            }
        }
    }

    fn sysctl(&self, sight: &mut Sight, key: &str) {
        if !self.preset.list("kernel-settings", "allow").contains(&key) {
            sight.breaks("kernel-settings", key);
        }
    }
}

/// What a look at a thing finds, before the preset says what of it counts.
#[derive(Default)]
struct Sight {
    breaks: BTreeMap<&'static str, String>,
    doubts: BTreeMap<&'static str, String>,
}

impl Sight {
    fn note(&mut self, rule: &'static str, certain: bool, what: String) {
        let notes = if certain {
            &mut self.breaks
        } else {
            &mut self.doubts
        };
        notes.entry(rule).or_insert(what);
    }

    fn breaks(&mut self, rule: &'static str, what: impl Into<String>) {
        self.note(rule, true, what.into());
    }

    fn doubts(&mut self, rule: &'static str, what: impl Into<String>) {
        self.note(rule, false, what.into());
    }
}

/// Every rule that this judge can find broken.
const RULES: [&str; 25] = [
    "added-capabilities",
    "cgroup-parent",
    "docker-socket",
    "foreign-runtime",
    "gate-tampering",
    "host-cgroup-namespace",
    "host-devices",
    "host-ipc",
    "host-network",
    "host-paths",
    "host-pid",
    "host-user-namespace",
    "host-uts",
    "kernel-settings",
    "plugin-change",
    "privileged",
    "retained-capabilities",
    "unconfined-apparmor",
    "unconfined-seccomp",
    "unconfined-selinux",
    "unlimited-cpu",
    "unlimited-memory",
    "unlimited-swap",
    "unmasked-paths",
    "writable-rootfs",
];

const USUAL_TMPFS_OPTIONS: [&str; 14] = [
    "",
    "rw",
    "ro",
    "exec",
    "noexec",
    "suid",
    "nosuid",
    "dev",
    "nodev",
    "size",
    "mode",
    "uid",
    "gid",
    "nr_inodes",
];

/// The set of capabilities that is left, in the order in which the daemon works it out.
fn capabilities(sight: &mut Sight, privileged: bool, add: &[String], drop: &[String]) {
    let has = |list: &[String], name: &str| list.iter().any(|given| given == name);
    if privileged {
        sight.breaks("retained-capabilities", "all of them");
        return;
    }
    if has(add, "ALL") {
        let kept: Vec<_> = DEFAULT_CAPABILITIES
            .iter()
            .filter(|name| !has(drop, name))
            .collect();
        sight.note(
            "retained-capabilities",
            !kept.is_empty(),
            format!("{kept:?}"),
        );
        sight.breaks("added-capabilities", "ALL");
        return;
    }
    if !add.is_empty() {
        sight.breaks("added-capabilities", format!("{add:?}"));
    }
    if has(drop, "ALL") {
        return;
    }
    let kept: Vec<_> = DEFAULT_CAPABILITIES
        .iter()
        .filter(|name| !has(drop, name))
        .collect();
    if !kept.is_empty() {
        sight.breaks("retained-capabilities", format!("{kept:?}"));
    }
}

/// Names of capabilities, without what may stand before them.
fn names(value: &Value) -> Vec<String> {
    list(value)
        .iter()
        .map(|name| {
            let name = text(name).to_uppercase();
            match name.strip_prefix("CAP_") {
                // `CAP_ALL` is not `ALL`: there is no capability of that name.
                None | Some("ALL") => name,
                Some(rest) => rest.to_owned(),
            }
        })
        .collect()
}

fn lies_in(path: &str, place: &str) -> bool {
    place == "/"
        || path == place
        || path
            .strip_prefix(place)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn object(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A host on which `/tmp/link` leads to `/etc`, with the volume `bound` and the network `1f2e`.
    struct Imagined;

    impl Surroundings for Imagined {
        fn real_path(&self, path: &str) -> String {
            path.replace("/tmp/link", "/etc")
        }

        fn volume(&self, name: &str) -> Value {
            let options = json!({"type": "none", "o": "ro,bind", "device": "/etc"});
            match name {
                "bound" => json!({"Driver": "local", "Options": options}),
                _ => json!({"Driver": "local", "Options": null}),
            }
        }

        fn network(&self, name: &str) -> Value {
            match name {
                "1f2e" => json!({"Driver": "host"}),
                _ => Value::Null,
            }
        }
    }

    fn world() -> World {
        World {
            dir: "/tmp".to_owned(),
            api: (12, 41),
            major: 20,
            memory: 1 << 30,
            swap: 0,
            cpus: 2,
            host_network: "1f2e".to_owned(),
            own_network: "3d4c".to_owned(),
            masked: vec!["/proc/kcore".to_owned()],
            read_only: vec!["/proc/sys".to_owned()],
            compliant: Value::Null,
        }
    }

    fn container(changes: &[(&str, Value)]) -> Judgement {
        let mut inspect = json!({
            "HostConfig": {"CapDrop": ["ALL"], "Memory": 1 << 26, "MemorySwap": 1 << 27, "NanoCpus": 1_000_000_000,
                "ReadonlyRootfs": true, "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"],
                "NetworkMode": "none", "Runtime": "runc", "CgroupnsMode": "private"},
            "Mounts": [],
        });
        for (field, value) in changes {
            match *field {
                "Mounts" | "AppArmorProfile" => inspect[*field] = value.clone(),
                _ => inspect["HostConfig"][*field] = value.clone(),
            }
        }
        Judge::new(&world(), &Imagined).container(&inspect)
    }

    fn rules(notes: &BTreeMap<&'static str, String>) -> Vec<&'static str> {
        notes.keys().copied().collect()
    }

    #[test]
    fn every_rule_of_the_preset_is_known_but_those_about_requests() {
        let world = world();
        let judge = Judge::new(&world, &Imagined);
        let table = judge.preset.0["rules"].as_table().unwrap();
        let unknown: Vec<&str> = table
            .keys()
            .map(String::as_str)
            .filter(|rule| judge.preset.denies(rule) && !judge.rules().contains(rule))
            .collect();
        // What they refuse leaves nothing that inspect could show, or something that other rules
        // are about.
        assert_eq!(
            unknown,
            ["start-override", "unknown-field", "unknown-route"]
        );
    }

    #[test]
    fn a_hardened_container_complies() {
        assert_eq!(container(&[]), Judgement::default());
        let own = json!([{"Type": "bind", "Source": "/srv", "RW": true}, {"Type": "volume", "Name": "data", "RW": true}]);
        assert!(container(&[("Mounts", own)]).complies());
        assert!(container(&[("NanoCpus", json!(0)), ("CpuQuota", json!(200_000))]).complies());
    }

    #[test]
    fn what_breaks_one_rule_breaks_no_other() {
        let bind = |source: &str| json!([{"Type": "bind", "Source": source, "RW": false}]);
        let dropped: Vec<_> = DEFAULT_CAPABILITIES[1..].to_vec();
        for (field, value, rule) in [
            ("CapDrop", json!(dropped), "retained-capabilities"),
            ("CapDrop", json!(["CAP_ALL"]), "retained-capabilities"),
            ("CapAdd", json!(["CAP_KILL"]), "added-capabilities"),
            ("NetworkMode", json!("host"), "host-network"),
            ("PidMode", json!("host"), "host-pid"),
            ("CgroupParent", json!("x"), "cgroup-parent"),
            ("Memory", json!((1_i64 << 30) + 1), "unlimited-memory"),
            ("MemorySwap", json!(-1), "unlimited-swap"),
            ("NanoCpus", json!(9_999), "unlimited-cpu"),
            ("CpuQuota", json!(-1), "unlimited-cpu"),
            ("CpuPeriod", json!(1), "unlimited-cpu"),
            ("ReadonlyRootfs", json!(false), "writable-rootfs"),
            ("Mounts", bind("/etc/passwd"), "host-paths"),
            ("Mounts", bind("/tmp/link"), "host-paths"),
            (
                "Mounts",
                json!([{"Type": "volume", "Name": "bound"}]),
                "host-paths",
            ),
            ("Mounts", bind("/tmp/docker.sock"), "docker-socket"),
            ("DeviceCgroupRules", json!(["a *:* rwm"]), "host-devices"),
            (
                "SecurityOpt",
                json!(["seccomp:unconfined"]),
                "unconfined-seccomp",
            ),
            (
                "SecurityOpt",
                json!(["label=disable"]),
                "unconfined-selinux",
            ),
            (
                "AppArmorProfile",
                json!("unconfined"),
                "unconfined-apparmor",
            ),
            ("MaskedPaths", json!([]), "unmasked-paths"),
            ("Tmpfs", json!({"/sys": "rw,remount"}), "unmasked-paths"),
            ("Sysctls", json!({"kernel.msgmax": "1"}), "kernel-settings"),
            ("Runtime", json!("other"), "foreign-runtime"),
        ] {
            // A period of one microsecond is only too much with a quota.
            let quota = ("CpuQuota", json!(50_000));
            let mut changes = vec![(field, value.clone())];
            if field == "CpuPeriod" {
                changes.push(quota);
            }
            let judgement = container(&changes);
            assert_eq!(rules(&judgement.breaks), [rule], "{field} {value}");
        }
    }

    #[test]
    fn what_may_be_seen_either_way_is_in_doubt() {
        for (field, value, rule) in [
            ("NetworkMode", json!("1f2e"), "host-network"),
            ("NanoCpus", json!(5_000_000), "unlimited-cpu"),
            ("VolumesFrom", json!(["other"]), "host-paths"),
            (
                "SecurityOpt",
                json!(["seccomp=unconfined", "seccomp=builtin"]),
                "unconfined-seccomp",
            ),
        ] {
            let judgement = container(&[(field, value.clone())]);
            assert!(judgement.breaks.is_empty(), "{field} {value}");
            assert_eq!(rules(&judgement.doubts), [rule], "{field} {value}");
        }
    }

    #[test]
    fn only_what_was_not_broken_before_counts() {
        let (before, after) = (
            container(&[("PidMode", json!("host"))]),
            container(&[("PidMode", json!("host")), ("IpcMode", json!("host"))]),
        );
        assert_eq!(after.broken_since(&before), ["host-ipc"]);
    }
}
