//! The body of a create as dockerd decodes it, and what dockerd makes of each field.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Capabilities, ContainerCreate, Device, DeviceRequest, Devices, Limits, Namespace,
    NamespaceKind, NamespaceMode, Oom, Port, Ports, Runtime, Setting, SystemPaths, Tmpfs, User,
};
use crate::docker::Host;
use crate::docker::capability::{Capability, to_upper};
use crate::docker::confinement::Confinement;
use crate::docker::image::ImageRef;
use crate::docker::json::StrSlice;
use crate::docker::mount::{self, Mount, MountSource};
use crate::docker::route::ApiVersion;

impl Wire {
    pub(super) fn interpret(
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
                to_upper(&limit.name) == "RTPRIO" && (limit.soft != 0 || limit.hard != 0)
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
pub(super) struct Wire {
    user: String,
    image: String,
    network_disabled: bool,
    pub(super) host_config: Option<HostConfig>,
    networking_config: Option<NetworkingConfig>,
}

/// Declares `HostConfig` once, for serde and for the list of its names.
macro_rules! host_config {
    ($($name:ident: $type:ty = $wire:literal,)+) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        pub(super) struct HostConfig {
            $(#[serde(rename = $wire)] $name: $type,)+
        }

        /// The fields of `HostConfig` that rules read.
        pub(in crate::docker) const HOST_CONFIG_FIELDS: &[&str] = &[$($wire),+];
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
    // Read only so that it is known, and is text.
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
