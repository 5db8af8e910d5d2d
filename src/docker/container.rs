//! The body of a container create: what dockerd decodes, and what it makes of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::capability::Capability;
use super::confinement::Confinement;
use super::image::ImageRef;
use super::json::{self, JsonError, Note, Notes, StrSlice};
use super::mount::{self, Mount, MountSource};
use super::route::ApiVersion;
use super::{Host, HostFile, HostSize, fields};

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
        let mut unknown_fields = Vec::new();
        let mut others = Vec::new();
        for note in notes.notes {
            match note {
                Note::Unknown { path } => unknown_fields.push(path),
                Note::OddSpelling { .. } | Note::Misplaced { .. } => others.push(note),
            }
        }
        if notes.more_unknown > 0 {
            unknown_fields.push(format!("{} more", notes.more_unknown));
        }
        Ok((wire.interpret(name, version, unknown_fields, host), others))
    }
}

impl Wire {
    fn interpret(
        self,
        name: Option<String>,
        version: Option<&ApiVersion>,
        mut unknown_fields: Vec<String>,
        host: &dyn Host,
    ) -> ContainerCreate {
        let config = self.host_config.unwrap_or_default();
        let endpoints = self
            .networking_config
            .map(|networking| networking.endpoints_config)
            .unwrap_or_default();
        let confinement = Confinement::parse(&config.security_opt);
        unknown_fields.extend(
            confinement
                .unknown
                .iter()
                .map(|key| format!("HostConfig.SecurityOpt {key}")),
        );
        let namespaces = config.namespaces(self.network_disabled, &endpoints, version, host);
        let mut sysctls: Vec<String> = config.sysctls.keys().cloned().collect();
        for endpoint in endpoints.values() {
            // moby 27 and later: settings of one interface travel as an option of the endpoint.
            sysctls.extend(endpoint.sysctls());
        }
        ContainerCreate {
            name: name.filter(|name| !name.is_empty()),
            image: ImageRef::parse(&self.image),
            privileged: config.privileged,
            capabilities: Capabilities {
                add: config
                    .cap_add
                    .0
                    .iter()
                    .map(|c| Capability::parse(c))
                    .collect(),
                drop: config
                    .cap_drop
                    .0
                    .iter()
                    .map(|c| Capability::parse(c))
                    .collect(),
            },
            namespaces,
            cgroup_parents: [
                ("HostConfig.CgroupParent", &config.cgroup_parent),
                ("HostConfig.Cgroup", &config.cgroup),
            ]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(field, value)| Setting {
                field,
                value: value.clone(),
            })
            .collect(),
            limits: config.limits(host),
            read_only_root: config.readonly_rootfs,
            mounts: config.mounts(host),
            devices: config.devices(host),
            confinement,
            system_paths: SystemPaths {
                masked: config.masked_paths,
                read_only: config.readonly_paths,
            },
            tmpfs: config
                .tmpfs
                .into_iter()
                .map(|(target, options)| Tmpfs {
                    target,
                    options: options.split(',').map(ToOwned::to_owned).collect(),
                })
                .collect(),
            user: User {
                user: self.user,
                groups: config.group_add,
            },
            ports: Ports {
                all: config.publish_all_ports,
                bindings: config
                    .port_bindings
                    .into_iter()
                    .flat_map(|(container, mut bindings)| {
                        // moby container_routes.go handlePortBindingsBC: no binding is one
                        // without address and port.
                        if bindings.is_empty() {
                            bindings.push(PortBinding::default());
                        }
                        bindings.into_iter().map(move |binding| Port {
                            container: container.clone(),
                            host_ip: binding.host_ip,
                            host_port: binding.host_port,
                        })
                    })
                    .collect(),
            },
            log_driver: config.log_config.kind,
            sysctls,
            oom: Oom {
                kill_disabled: config.oom_kill_disable,
                score_adj: config.oom_score_adj,
            },
            runtime: Runtime {
                name: config.runtime,
                annotations: config.annotations.into_keys().collect(),
            },
            unknown_fields,
        }
    }
}

impl HostConfig {
    fn namespaces(
        &self,
        network_disabled: bool,
        endpoints: &BTreeMap<String, EndpointSettings>,
        version: Option<&ApiVersion>,
        host: &dyn Host,
    ) -> Vec<Namespace> {
        let below = |minor| version.is_some_and(|version| version.is_below(1, minor));
        let mut namespaces = Vec::new();
        let mut add = |kind, mode, field: &str| {
            namespaces.push(Namespace {
                kind,
                mode,
                field: field.to_owned(),
            });
        };
        add(
            NamespaceKind::Network,
            if network_disabled && self.network_mode != "host" {
                // moby initializeNetworking: a disabled network is an empty namespace of its own.
                // Stricter than Docker: `host` stays `host`, whatever else is said.
                NamespaceMode::Own
            } else {
                network_mode(&self.network_mode)
            },
            "HostConfig.NetworkMode",
        );
        for (key, endpoint) in endpoints {
            for (name, field) in [
                (key, format!("NetworkingConfig.EndpointsConfig.{key}")),
                (
                    &endpoint.network_id,
                    format!("NetworkingConfig.EndpointsConfig.{key}.NetworkID"),
                ),
            ] {
                match network_mode(name) {
                    // The key of an endpoint names a network; only these two have a meaning here.
                    mode @ (NamespaceMode::Host | NamespaceMode::Container(_)) => {
                        add(NamespaceKind::Network, mode, &field);
                    }
                    mode @ (NamespaceMode::DefaultBridge | NamespaceMode::NetworkId(_))
                        if !name.is_empty() =>
                    {
                        add(NamespaceKind::Network, mode, &field);
                    }
                    NamespaceMode::DefaultBridge
                    | NamespaceMode::NetworkId(_)
                    | NamespaceMode::Shareable
                    | NamespaceMode::Own => {}
                }
            }
        }
        add(
            NamespaceKind::Pid,
            shared_mode(&self.pid_mode),
            "HostConfig.PidMode",
        );
        add(
            NamespaceKind::Ipc,
            // moby container_routes.go: below 1.40 the default is `shareable`.
            if self.ipc_mode == "shareable" || (self.ipc_mode.is_empty() && below(40)) {
                NamespaceMode::Shareable
            } else {
                shared_mode(&self.ipc_mode)
            },
            "HostConfig.IpcMode",
        );
        add(
            NamespaceKind::Uts,
            shared_mode(&self.uts_mode),
            "HostConfig.UTSMode",
        );
        add(
            NamespaceKind::User,
            shared_mode(&self.userns_mode),
            "HostConfig.UsernsMode",
        );
        add(
            NamespaceKind::Cgroup,
            // moby container_routes.go: below 1.41 the default is `host` on cgroup version 1.
            if self.cgroupns_mode.is_empty() && below(41) && !host.has_unified_cgroups() {
                NamespaceMode::Host
            } else {
                shared_mode(&self.cgroupns_mode)
            },
            "HostConfig.CgroupnsMode",
        );
        namespaces
    }

    fn limits(&self, host: &dyn Host) -> Limits {
        Limits {
            memory: self.memory,
            memory_swap: self.memory_swap,
            nano_cpus: self.nano_cpus,
            cpu_period: self.cpu_period,
            cpu_quota: self.cpu_quota,
            cpu_realtime_runtime: self.cpu_realtime_runtime,
            // moby daemon/oci_linux.go: names become RLIMIT_ and the name in upper case.
            realtime_priority: self.ulimits.iter().any(|limit| {
                limit.name.eq_ignore_ascii_case("rtprio") && (limit.soft != 0 || limit.hard != 0)
            }),
            pids: self.pids_limit,
            // moby graphdriver overlay2, devmapper …: the key `size`, in any case.
            storage: self.storage_opt.iter().any(|(key, value)| {
                key.eq_ignore_ascii_case("size")
                    && value
                        .chars()
                        .any(|char| char.is_ascii_digit() && char != '0')
                    && !value.starts_with('-')
            }),
            host: host.size(),
        }
    }

    fn mounts(&self, host: &dyn Host) -> Vec<Mount> {
        let mut mounts = Vec::new();
        for (index, from) in self.volumes_from.iter().enumerate() {
            mounts.push(Mount {
                field: format!("HostConfig.VolumesFrom[{index}]"),
                source: MountSource::Container(from.clone()),
                read_only: false,
                propagation: String::new(),
            });
        }
        for (index, bind) in self.binds.iter().enumerate() {
            let field = format!("HostConfig.Binds[{index}]");
            mounts.push(mount::parse_bind(field, bind, &self.volume_driver, host));
        }
        for (index, mount) in self.mounts.iter().enumerate() {
            mounts.push(mount.interpret(format!("HostConfig.Mounts[{index}]"), host));
        }
        // Anonymous volumes, those of the image too, are made by this driver.
        if !self.volume_driver.is_empty() {
            mounts.push(Mount {
                field: "HostConfig.VolumeDriver".to_owned(),
                source: mount::volume_source(&self.volume_driver, &BTreeMap::new(), host),
                read_only: false,
                propagation: String::new(),
            });
        }
        mounts
    }

    fn devices(&self, host: &dyn Host) -> Devices {
        Devices {
            mappings: self
                .devices
                .iter()
                .map(|device| Device {
                    // moby daemon/devices_linux.go: follows links in the path as it is written.
                    file: mount::raw_host_file(&device.path_on_host, host)
                        .map_err(|_| device.path_on_host.clone()),
                    permissions: device.cgroup_permissions.clone(),
                })
                .collect(),
            rules: self.device_cgroup_rules.clone(),
            requests: self
                .device_requests
                .iter()
                .map(|request| DeviceRequest {
                    names: std::iter::once(&request.driver)
                        .filter(|driver| !driver.is_empty())
                        .chain(request.capabilities.iter().flatten())
                        .chain(&request.device_ids)
                        .cloned()
                        .collect(),
                })
                .collect(),
        }
    }
}

// moby api/types/container/hostconfig_unix.go: NetworkMode; the prefix is exact, any text may follow.
fn network_mode(mode: &str) -> NamespaceMode {
    match mode {
        "" | "default" | "bridge" => NamespaceMode::DefaultBridge,
        // moby daemon/network.go FindNetwork: by name, by id, then by any prefix of an id.
        id if id.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            NamespaceMode::NetworkId(id.to_owned())
        }
        other => shared_mode(other),
    }
}

// moby 20.10 takes `host:anything` for a private namespace, later engines refuse it.
fn shared_mode(mode: &str) -> NamespaceMode {
    match mode.split_once(':') {
        Some(("container", name)) => NamespaceMode::Container(name.to_owned()),
        None if mode == "host" => NamespaceMode::Host,
        Some(_) | None => NamespaceMode::Own,
    }
}

impl MountWire {
    // moby volume/mounts/linux_parser.go: ValidateMountConfig; types are exact.
    fn interpret(&self, field: String, host: &dyn Host) -> Mount {
        let (source, propagation, weakened) = match self.kind.as_str() {
            "bind" => {
                let options = self.bind_options.clone().unwrap_or_default();
                (
                    mount::host_source(&self.source, host),
                    options.propagation,
                    options.read_only_non_recursive,
                )
            }
            "volume" => {
                let driver = self
                    .volume_options
                    .clone()
                    .unwrap_or_default()
                    .driver_config
                    .unwrap_or_default();
                (
                    mount::volume_source(&driver.name, &driver.options, host),
                    mount::volume_propagation(&driver.options),
                    false,
                )
            }
            "tmpfs" | "image" => (MountSource::Inner, String::new(), false),
            other => {
                return mount::unreadable(field, format!("the mount type `{other}` is not known"));
            }
        };
        Mount {
            field,
            source,
            read_only: self.read_only && !weakened,
            propagation,
        }
    }
}

impl EndpointSettings {
    fn sysctls(&self) -> Vec<String> {
        self.driver_opts
            .get("com.docker.network.endpoint.sysctls")
            .map(|list| {
                list.split(',')
                    .map(|pair| pair.split_once('=').map_or(pair, |(key, _)| key).to_owned())
                    .collect()
            })
            .unwrap_or_default()
    }
}

/// The body as dockerd decodes it; what no rule needs stands in `fields`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "ContainerCreate", rename_all = "PascalCase")]
struct Wire {
    user: String,
    image: String,
    network_disabled: bool,
    host_config: Option<HostConfig>,
    networking_config: Option<NetworkingConfig>,
}

/// Declares `HostConfig` once, for serde and for the list of its names.
macro_rules! host_config {
    ($($name:ident: $type:ty = $wire:literal,)+) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        struct HostConfig {
            $(#[serde(rename = $wire)] $name: $type,)+
        }

        /// The fields of `HostConfig` that rules read.
        pub(super) const HOST_CONFIG_FIELDS: &[&str] = &[$($wire),+];
    };
}

host_config! {
    annotations: BTreeMap<String, String> = "Annotations",
    binds: Vec<String> = "Binds",
    cap_add: StrSlice = "CapAdd",
    cap_drop: StrSlice = "CapDrop",
    cgroup: String = "Cgroup",
    cgroup_parent: String = "CgroupParent",
    cgroupns_mode: String = "CgroupnsMode",
    cpu_period: i64 = "CpuPeriod",
    cpu_quota: i64 = "CpuQuota",
    cpu_realtime_runtime: i64 = "CpuRealtimeRuntime",
    device_cgroup_rules: Vec<String> = "DeviceCgroupRules",
    device_requests: Vec<DeviceRequestWire> = "DeviceRequests",
    devices: Vec<DeviceMapping> = "Devices",
    group_add: Vec<String> = "GroupAdd",
    ipc_mode: String = "IpcMode",
    log_config: LogConfig = "LogConfig",
    masked_paths: Option<Vec<String>> = "MaskedPaths",
    memory: i64 = "Memory",
    memory_swap: i64 = "MemorySwap",
    mounts: Vec<MountWire> = "Mounts",
    nano_cpus: i64 = "NanoCpus",
    network_mode: String = "NetworkMode",
    oom_kill_disable: bool = "OomKillDisable",
    oom_score_adj: i64 = "OomScoreAdj",
    pid_mode: String = "PidMode",
    pids_limit: Option<i64> = "PidsLimit",
    port_bindings: BTreeMap<String, Vec<PortBinding>> = "PortBindings",
    privileged: bool = "Privileged",
    publish_all_ports: bool = "PublishAllPorts",
    readonly_paths: Option<Vec<String>> = "ReadonlyPaths",
    readonly_rootfs: bool = "ReadonlyRootfs",
    runtime: String = "Runtime",
    security_opt: Vec<String> = "SecurityOpt",
    storage_opt: BTreeMap<String, String> = "StorageOpt",
    sysctls: BTreeMap<String, String> = "Sysctls",
    tmpfs: BTreeMap<String, String> = "Tmpfs",
    ulimits: Vec<Ulimit> = "Ulimits",
    userns_mode: String = "UsernsMode",
    uts_mode: String = "UTSMode",
    volume_driver: String = "VolumeDriver",
    volumes_from: Vec<String> = "VolumesFrom",
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct NetworkingConfig {
    endpoints_config: BTreeMap<String, EndpointSettings>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct EndpointSettings {
    #[serde(rename = "NetworkID")]
    network_id: String,
    driver_opts: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct LogConfig {
    #[serde(rename = "Type")]
    kind: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct PortBinding {
    host_ip: String,
    host_port: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Ulimit {
    name: String,
    soft: i64,
    hard: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct DeviceMapping {
    path_on_host: String,
    cgroup_permissions: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "DeviceRequest", rename_all = "PascalCase")]
struct DeviceRequestWire {
    driver: String,
    #[serde(rename = "DeviceIDs")]
    device_ids: Vec<String>,
    capabilities: Vec<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "Mount", rename_all = "PascalCase")]
struct MountWire {
    #[serde(rename = "Type")]
    kind: String,
    source: String,
    #[serde(rename = "Target")]
    _target: String,
    read_only: bool,
    bind_options: Option<BindOptions>,
    volume_options: Option<VolumeOptions>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct BindOptions {
    propagation: String,
    read_only_non_recursive: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct VolumeOptions {
    driver_config: Option<DriverConfig>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct DriverConfig {
    name: String,
    options: BTreeMap<String, String>,
}
