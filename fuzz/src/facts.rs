//! What a create asks for, in lines of text, so that two readings of it can be compared.
//!
//! Only this file and `gate` know the names of lockgate's own types. Texts that lockgate turns into
//! something of a public type (images, capabilities, paths) go through that type on both sides: how
//! they are turned is tested beside those types, and here it is who reads which text that counts.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display, Write as _};

use lockgate::docker::{
    Call, Capability, HostFile, HostPath, ImageRef, MountSource, NamespaceKind, NamespaceMode,
    Seccomp,
};
use sha2::{Digest as _, Sha256};

/// What a create asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(BTreeSet<String>);

impl Facts {
    /// What lockgate read of a create.
    ///
    /// # Panics
    ///
    /// When the call is no create and so has not all of the views.
    #[must_use]
    pub fn of_call(call: &Call) -> Self {
        let mut facts = Self::default();
        facts.add("image", format_args!("{:?}", due(call.image())));
        facts.text("log driver", &due(call.log_driver()).value);
        facts.add_rights(call);
        facts.add_namespaces(call);
        facts.add_limits(call);
        facts.add_files(call);
        let ports = due(call.ports());
        facts.flag("all ports", ports.all);
        for port in &ports.bindings {
            facts.port(&port.field, &port.host_ip, &port.host_port);
        }
        let sysctls = due(call.sysctls());
        facts.texts("sysctl", texts(sysctls));
        let runtime = due(call.runtime());
        facts.text("runtime", &runtime.name);
        facts.texts("annotation", texts(&runtime.annotations));
        facts
    }

    fn add_rights(&mut self, call: &Call) {
        self.flag("privileged", *due(call.privileged()));
        let capabilities = due(call.capabilities());
        for (what, list) in [("add", &capabilities.add), ("drop", &capabilities.drop)] {
            for capability in list {
                self.capability(what, capability);
            }
        }
        let user = due(call.user());
        self.text(user.user.field, &user.user.value);
        self.texts("group", texts(&user.groups));
        let confinement = due(call.confinement());
        self.add("seccomp", format_args!("{:?}", confinement.seccomp));
        let apparmor = confinement.apparmor.as_deref();
        self.text("apparmor", apparmor.unwrap_or_default());
        self.texts("label", texts(&confinement.labels));
        self.no_new_privileges(confinement.no_new_privileges);
        self.flag("writable cgroups", confinement.writable_cgroups);
        self.texts("unknown option", texts(&confinement.unknown));
    }

    fn add_namespaces(&mut self, call: &Call) {
        for namespace in due(call.namespaces()) {
            let mode = match &namespace.mode {
                NamespaceMode::Host => "host".to_owned(),
                NamespaceMode::Container(name) => format!("container:{name}"),
                NamespaceMode::Shareable => "shareable".to_owned(),
                NamespaceMode::DefaultBridge => "default bridge".to_owned(),
                NamespaceMode::NetworkId(id) => format!("id {id}"),
                NamespaceMode::Own => "own".to_owned(),
            };
            let of_its_field = match namespace.kind {
                NamespaceKind::Network => "Net",
                NamespaceKind::Pid => ".PidMode",
                NamespaceKind::Ipc => ".IpcMode",
                NamespaceKind::Uts => ".UTSMode",
                NamespaceKind::User => ".UsernsMode",
                NamespaceKind::Cgroup => ".CgroupnsMode",
            };
            assert!(namespace.field.contains(of_its_field), "{namespace:?}");
            self.namespace(&namespace.field, &mode);
        }
        for parent in due(call.cgroup_parents()) {
            self.text(parent.field, &parent.value);
        }
    }

    fn add_limits(&mut self, call: &Call) {
        let (memory, cpu, oom) = (due(call.memory()), due(call.cpu()), due(call.oom()));
        for amount in [
            memory.limit,
            memory.swap,
            cpu.nano_cpus,
            cpu.period,
            cpu.quota,
            cpu.realtime_runtime,
            oom.score_adj,
        ] {
            self.number(amount.field, amount.value.into());
        }
        self.flag("real-time priority", cpu.realtime_priority.is_some());
        self.flag("no OOM killer", oom.kill_disabled);
        let pids = due(call.pids());
        self.number(pids.field, pids.limit.unwrap_or_default().into());
    }

    fn add_files(&mut self, call: &Call) {
        self.flag("read-only root", *due(call.read_only_root()));
        self.flag("bounded root", *due(call.root_size()));
        for mount in due(call.mounts()) {
            let source = match &mount.source {
                MountSource::Host(file) => of_file(file),
                MountSource::Volume => "volume".to_owned(),
                MountSource::DriverVolume { driver } => format!("driver {driver}"),
                MountSource::FileSystem { kind } => format!("file system {kind}"),
                MountSource::Container(name) => format!("container {name}"),
                MountSource::Inner => "inner".to_owned(),
                MountSource::Unreadable(_) => UNREADABLE.to_owned(),
            };
            self.mount(&mount.field, &source, mount.read_only, &mount.propagation);
        }
        for tmpfs in due(call.tmpfs()) {
            self.text(&tmpfs.field, &tmpfs.options.join(","));
        }
        let paths = due(call.system_paths());
        self.system_paths("MaskedPaths", paths.masked.as_deref());
        self.system_paths("ReadonlyPaths", paths.read_only.as_deref());
        let devices = due(call.devices());
        for device in &devices.mappings {
            let file = device.file.as_ref().map_or(UNREADABLE.to_owned(), of_file);
            self.device(&file, &device.permissions);
        }
        self.texts("device rule", texts(&devices.rules));
        for request in &devices.requests {
            self.device_request(texts(&request.names));
        }
    }

    /// What the other has not.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(&self.0 - &other.0)
    }

    /// Whether this is one of them, as it is shown.
    #[must_use]
    pub fn has(&self, fact: &str) -> bool {
        self.0.contains(fact)
    }

    fn add(&mut self, what: &str, value: impl Display) {
        self.0.insert(format!("{what}: {value}"));
    }

    pub(crate) fn flag(&mut self, what: &str, on: bool) {
        self.add(what, on);
    }

    pub(crate) fn number(&mut self, what: &str, number: i128) {
        self.add(what, number);
    }

    pub(crate) fn text(&mut self, what: &str, text: &str) {
        self.add(what, format_args!("{text:?}"));
    }

    pub(crate) fn texts<'a>(&mut self, what: &str, texts: impl IntoIterator<Item = &'a str>) {
        for text in texts {
            self.text(what, text);
        }
    }

    pub(crate) fn image(&mut self, text: &str) {
        self.add("image", format_args!("{:?}", ImageRef::parse(text)));
    }

    pub(crate) fn capability(&mut self, what: &str, capability: &Capability) {
        self.add("capability", format_args!("{what} {capability:?}"));
    }

    pub(crate) fn namespace(&mut self, field: &str, mode: &str) {
        self.text(field, mode);
    }

    pub(crate) fn mount(&mut self, field: &str, source: &str, read_only: bool, spread: &str) {
        self.add(
            field,
            format_args!("{source:?}, read-only {read_only}, {spread:?}"),
        );
    }

    pub(crate) fn device(&mut self, file: &str, rights: &str) {
        self.add("device", format_args!("{file:?} {rights:?}"));
    }

    pub(crate) fn device_request<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        let names: Vec<&str> = names.into_iter().collect();
        self.add("device request", format_args!("{names:?}"));
    }

    pub(crate) fn seccomp(&mut self, profile: &str) {
        let seccomp = match profile {
            "" | "builtin" => Seccomp::Default,
            "unconfined" => Seccomp::Unconfined,
            custom => {
                let mut digest = "sha256:".to_owned();
                for byte in Sha256::digest(custom.as_bytes()) {
                    let _ = write!(digest, "{byte:02x}");
                }
                Seccomp::Custom { digest }
            }
        };
        self.add("seccomp", format_args!("{seccomp:?}"));
    }

    pub(crate) fn no_new_privileges(&mut self, on: Option<bool>) {
        self.add("no-new-privileges", format_args!("{on:?}"));
    }

    pub(crate) fn system_paths(&mut self, what: &str, paths: Option<&[impl Debug]>) {
        self.add(what, format_args!("{paths:?}"));
    }

    pub(crate) fn port(&mut self, field: &str, ip: &str, port: &str) {
        self.add(field, format_args!("{ip:?} {port:?}"));
    }
}

/// A view that every create has.
fn due<T>(view: Option<&T>) -> &T {
    view.expect("a create has every view that is compared")
}

fn texts(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter().map(String::as_str)
}

/// Something that names no file of the host.
pub(crate) const UNREADABLE: &str = "unreadable";

fn of_file(file: &HostFile) -> String {
    format!("host {}", file.written)
}

/// A path that Docker brings into its shortest form.
pub(crate) fn path(text: &str) -> String {
    HostPath::parse(text).map_or(UNREADABLE.to_owned(), |path| format!("host {path}"))
}

/// A path that Docker hands on as it is: the model, as lockgate, follows no `..` there.
pub(crate) fn raw_path(text: &str) -> String {
    if text.split('/').any(|segment| segment == "..") {
        UNREADABLE.to_owned()
    } else {
        path(text)
    }
}
