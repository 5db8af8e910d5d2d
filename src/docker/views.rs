//! What rules look at: one view for each subject, whatever kind of call it comes from.

use super::capability::Capability;
use super::confinement::Confinement;
use super::image::ImageRef;
use super::mount::Mount;
use super::{HostFile, HostSize};

/// Declares the views once: their storage, their accessors and the list of their names.
macro_rules! views {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)+) => {
        /// What was read of a call; `None` says that this kind of call has no such thing.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub(super) struct Views {
            $($(#[$doc])* pub(super) $name: Option<$type>,)+
        }

        impl super::Call {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(&self) -> Option<&$type> {
                    self.views.$name.as_ref()
                }
            )+

            /// The names of the views that this call has, in the order of [`VIEWS`].
            #[must_use]
            pub fn views(&self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $(if self.views.$name.is_some() {
                    names.push(stringify!($name));
                })+
                names
            }

            /// The same call with nothing but the views that are named.
            #[cfg(test)]
            pub(crate) fn with_only(&self, names: &[&str]) -> Self {
                let mut call = self.clone();
                $(if !names.contains(&stringify!($name)) {
                    call.views.$name = None;
                })+
                call
            }
        }

        /// The names of all views.
        pub const VIEWS: &[&str] = &[$(stringify!($name)),+];
    };
}

views! {
    /// Whether every protection is switched off at once.
    privileged: bool,
    /// The image that is run or pulled.
    image: ImageRef,
    /// Names that images would be given.
    new_names: NewNames,
    /// Capabilities added and dropped.
    capabilities: Capabilities,
    /// The settings that choose namespaces, networks included.
    namespaces: Vec<Namespace>,
    /// What ties a network to an interface of the host.
    host_links: Vec<HostLink>,
    /// Parent cgroups that were chosen.
    cgroup_parents: Vec<Setting>,
    /// The limits of memory and swap.
    memory: Memory,
    /// The limits of processor time.
    cpu: Cpu,
    /// The limit of processes.
    pids: Pids,
    /// Whether the storage driver is asked to bound the root file system.
    root_size: bool,
    /// Whether the root file system is read-only.
    read_only_root: bool,
    /// Everything that is mounted into a container, lies behind a volume, or is written to the host.
    mounts: Vec<Mount>,
    /// Devices of the host.
    devices: Devices,
    /// seccomp, AppArmor, SELinux, `no_new_privs`.
    confinement: Confinement,
    /// Hidden and read-only system paths.
    system_paths: SystemPaths,
    /// File systems in memory.
    tmpfs: Vec<Tmpfs>,
    /// The user and the groups of the processes.
    user: User,
    /// Ports published on the host.
    ports: Ports,
    /// The log driver; empty for the daemon's own.
    log_driver: Setting,
    /// Names of kernel settings.
    sysctls: Vec<String>,
    /// What happens when memory runs out.
    oom: Oom,
    /// What runs the container.
    runtime: Runtime,
    /// Settings that go in place of those that were judged.
    replaced: Replaced,
    /// Why a build cannot be seen into.
    opaque_build: OpaqueBuild,
    /// A change to the managed plugins.
    plugin: PluginChange,
    /// What is done to the Swarm or its nodes.
    swarm_change: &'static str,
    /// What of the host a read hands out.
    host_secret: String,
    /// Method and path of a changing call that is in no table.
    unknown_route: String,
    /// Fields that are set and that lockgate does not know.
    unknown_fields: Vec<String>,
}

/// A field of a request and the text it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `HostConfig.CgroupParent`.
    pub field: &'static str,
    /// What it holds.
    pub value: String,
}

/// A field of a request and the number it holds; zero where nothing was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// `HostConfig.Memory`.
    pub field: &'static str,
    /// What it holds.
    pub value: i64,
}

/// Capabilities added to and dropped from the default ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `CapAdd`.
    pub add: Vec<Capability>,
    /// `CapDrop`.
    pub drop: Vec<Capability>,
    /// Whether the API version makes dockerd leave both out.
    pub ignored: bool,
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

/// What ties a network to an interface of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostLink {
    /// Where it stands in the request.
    pub field: String,
    /// The tie.
    pub link: Link,
}

/// A tie between a network and the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// An interface or a bridge of the host, by its name.
    Interface(String),
    /// A driver that is not one of dockerd's own for networks apart from the host.
    Driver(String),
    /// A network of this host by its id, which may be the id of the host's own.
    NetworkId(String),
}

/// The limits of memory and swap, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Memory.
    pub limit: Amount,
    /// Memory and swap together; negative for no limit.
    pub swap: Amount,
    /// What zero does.
    pub zero: Zero,
    /// The host that the limits are to hold on.
    pub host: HostSize,
}

/// What a limit of zero does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zero {
    /// It is no limit.
    Unlimited,
    /// It leaves the limit as it is, which is not in the request.
    Keeps,
}

/// The limits of processor time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpu {
    /// Billionths of a processor.
    pub nano_cpus: Amount,
    /// Microseconds; 0 is 100,000.
    pub period: Amount,
    /// Microseconds in each period; negative for no limit.
    pub quota: Amount,
    /// Microseconds of real-time scheduling in each period.
    pub realtime_runtime: Amount,
    /// The field by which its processes may ask the kernel for real-time scheduling themselves.
    pub realtime_priority: Option<&'static str>,
    /// What zero does.
    pub zero: Zero,
    /// The host that the limits are to hold on.
    pub host: HostSize,
}

/// The limit of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pids {
    /// Where it stands in the request.
    pub field: &'static str,
    /// Zero and negative for no limit.
    pub limit: Option<i64>,
    /// What its absence does.
    pub zero: Zero,
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
    /// Where it stands in the request.
    pub field: String,
    /// Its options, one by one.
    pub options: Vec<String>,
}

/// Who the processes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `user[:group]`; empty when nobody chose.
    pub user: Setting,
    /// Additional groups, and where they stand in the request.
    pub groups: Vec<String>,
    /// The field of the groups.
    pub groups_field: &'static str,
    /// Who decides when nobody chose.
    pub otherwise: Otherwise,
}

/// Who decides on the user when the request does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// The image.
    Image,
    /// The container, which was judged when it was made.
    Container,
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
    /// Where it stands in the request.
    pub field: String,
    /// Address of the host; empty for every address.
    pub host_ip: String,
    /// Port or range of the host; empty for any free one.
    pub host_port: String,
}

/// How the kernel treats a container when memory runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Oom {
    /// `OomKillDisable`.
    pub kill_disabled: bool,
    /// `OomScoreAdj`; below zero is protected.
    pub score_adj: Amount,
}

/// What runs the container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runtime {
    /// Empty for the daemon's default.
    pub name: String,
    /// Names of the annotations that the runtime is handed.
    pub annotations: Vec<String>,
}

/// Names that images would be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNames {
    /// What gives the names: `tag`, `load`.
    pub by: &'static str,
    /// The names; `None` when they are not in the request.
    pub names: Option<Vec<ImageRef>>,
}

/// Settings that go in place of those that were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// Host settings that a start brings, as dockerd took them before API 1.24.
    Given,
    /// The API version takes them, and a body that does not reach the gate may hold some.
    MayBeHidden,
    /// Those of a checkpoint that lies where its name leads.
    ByCheckpoint,
    /// Those that a service had before.
    Earlier,
}

/// Why a build cannot be seen into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpaqueBuild {
    /// BuildKit: what is built, and with which rights, travels in a stream of its own.
    BuildKit,
    /// The daemon fetches what is built.
    Remote,
    /// The classic builder, whose parameters stand in the query.
    Classic,
}

/// A change to the managed plugins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginChange {
    /// `installs`, `disables`: reads well before the name.
    pub verb: &'static str,
    /// The name of a plugin that is there, or the beginning of its id; empty for a new one.
    pub existing: String,
    /// Names that a plugin would get.
    pub new: Vec<String>,
}
