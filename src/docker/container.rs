//! A container that somebody wants to make, in the terms of the rules.

mod wire;

pub(super) use wire::HOST_CONFIG_FIELDS;

use super::capability::Capability;
use super::confinement::Confinement;
use super::image::ImageRef;
use super::json::{self, JsonError, Note, Notes};
use super::mount::Mount;
use super::route::ApiVersion;
use super::{Host, HostFile, HostSize, fields};
use wire::{HostConfig, Wire};

/// A container that somebody wants to make, in the terms of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerCreate {
    pub(super) name: Option<String>,
    pub(super) image: ImageRef,
    pub(super) privileged: bool,
    pub(super) capabilities: Capabilities,
    pub(super) namespaces: Vec<Namespace>,
    pub(super) cgroup_parents: Vec<Setting>,
    pub(super) limits: Limits,
    pub(super) read_only_root: bool,
    pub(super) mounts: Vec<Mount>,
    pub(super) devices: Devices,
    pub(super) confinement: Confinement,
    pub(super) system_paths: SystemPaths,
    pub(super) tmpfs: Vec<Tmpfs>,
    pub(super) user: User,
    pub(super) ports: Ports,
    pub(super) log_driver: String,
    pub(super) sysctls: Vec<String>,
    pub(super) oom: Oom,
    pub(super) runtime: Runtime,
    pub(super) unknown_fields: Vec<String>,
}

/// A field of a request and the text it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `HostConfig.CgroupParent`.
    pub field: &'static str,
    /// What it holds.
    pub value: String,
}

/// Capabilities added to and dropped from the default ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `CapAdd`.
    pub add: Vec<Capability>,
    /// `CapDrop`.
    pub drop: Vec<Capability>,
}

/// A kind of Linux namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceKind {
    /// Interfaces, addresses, ports.
    Network,
    /// Processes.
    Pid,
    /// Shared memory, message queues.
    Ipc,
    /// Host and domain name.
    Uts,
    /// User and group ids.
    User,
    /// The view of the cgroup hierarchy.
    Cgroup,
}

/// Which namespace a container gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamespaceMode {
    /// The host's.
    Host,
    /// That of another container.
    Container(String),
    /// Its own, which others may join.
    Shareable,
    /// Its own, attached to the default bridge; networks only.
    DefaultBridge,
    /// Its own, attached to a network that may be named by its id, and so may be any; networks only.
    NetworkId(String),
    /// Its own.
    Own,
}

/// One setting that chooses a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// The kind.
    pub kind: NamespaceKind,
    /// The choice.
    pub mode: NamespaceMode,
    /// Where it stands in the request.
    pub field: String,
}

/// Limits as they stand in the request; zero or absent where nothing was set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes.
    pub memory: i64,
    /// Bytes of memory and swap together; negative for no limit.
    pub memory_swap: i64,
    /// Billionths of a processor.
    pub nano_cpus: i64,
    /// Microseconds; 0 is 100,000.
    pub cpu_period: i64,
    /// Microseconds in each period; negative for no limit.
    pub cpu_quota: i64,
    /// Microseconds of real-time scheduling in each period.
    pub cpu_realtime_runtime: i64,
    /// Whether its processes may ask the kernel for real-time scheduling themselves.
    pub realtime_priority: bool,
    /// Processes; `None`, 0 and negative for no limit.
    pub pids: Option<i64>,
    /// Whether the storage driver is asked to bound the root file system.
    pub storage: bool,
    /// The host that the limits are to hold on.
    pub host: HostSize,
}

/// Devices of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Devices {
    /// Device files.
    pub mappings: Vec<Device>,
    /// Rules for the device cgroup.
    pub rules: Vec<String>,
    /// Requests to device drivers (GPU, CDI).
    pub requests: Vec<DeviceRequest>,
}

/// A device file of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The file, or why it could not be read.
    pub file: Result<HostFile, String>,
    /// Out of `rwm`.
    pub permissions: String,
}

/// A request to a device driver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceRequest {
    /// Everything it names: driver, capabilities, device ids.
    pub names: Vec<String>,
}

/// System paths that are hidden or read-only in a container; `None` for the daemon's own list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemPaths {
    /// `MaskedPaths`.
    pub masked: Option<Vec<String>>,
    /// `ReadonlyPaths`.
    pub read_only: Option<Vec<String>>,
}

/// A file system in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tmpfs {
    /// Where it is mounted, as it was written.
    pub target: String,
    /// Its options, one by one.
    pub options: Vec<String>,
}

/// Who the processes of a container are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// `user[:group]`; empty for the image's choice.
    pub user: String,
    /// Additional groups.
    pub groups: Vec<String>,
}

/// Ports published on the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ports {
    /// `PublishAllPorts`.
    pub all: bool,
    /// `PortBindings`.
    pub bindings: Vec<Port>,
}

/// A port published on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// `80/tcp` in the container.
    pub container: String,
    /// Address of the host; empty for every address.
    pub host_ip: String,
    /// Port or range of the host; empty for any free one.
    pub host_port: String,
}

/// How the kernel treats a container when memory runs out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Oom {
    /// `OomKillDisable`.
    pub kill_disabled: bool,
    /// `OomScoreAdj`; below zero is protected.
    pub score_adj: i64,
}

/// What runs the container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runtime {
    /// Empty for the daemon's default.
    pub name: String,
    /// Names of the annotations that the runtime is handed.
    pub annotations: Vec<String>,
}

impl ContainerCreate {
    /// Reads the body of a create.
    pub(super) fn read(
        body: &[u8],
        name: Option<String>,
        version: Option<&ApiVersion>,
        host: &dyn Host,
    ) -> Result<(Self, Vec<Note>), JsonError> {
        let (mut wire, notes): (Wire, Notes) = json::read(body, fields::sort)?;
        let misplaced = notes
            .notes
            .iter()
            .any(|note| matches!(note, Note::Misplaced { .. }));
        // moby 20.10..26.1 config_unix.go getHostConfig: without an inner HostConfig all of the top
        // level counts. The request is refused for it anyhow; read so, it is refused with its rules.
        if misplaced && wire.host_config.is_none() {
            let top: (HostConfig, Notes) = json::read(body, fields::sort)?;
            wire.host_config = Some(top.0);
        }
        let (unknown_fields, others) = notes.split();
        Ok((wire.interpret(name, version, unknown_fields, host), others))
    }
}
