//! Host settings as dockerd decodes them, and what dockerd makes of each field.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::docker::capability::Capability;
use crate::docker::confinement::Confinement;
use crate::docker::image::ImageRef;
use crate::docker::json::StrSlice;
use crate::docker::mount::{self, Mount, MountSource, MountWire};
use crate::docker::network::{EndpointSettings, mode, named_network, shared_mode};
use crate::docker::ulimit::Ulimit;
use crate::docker::views::{
    Amount, Capabilities, Cpu, Device, DeviceRequest, Devices, Memory, Namespace, NamespaceKind,
    NamespaceMode, Oom, Otherwise, Pids, Port, Ports, Runtime, Setting, SystemPaths, Tmpfs, User,
    Views, Zero,
};
use crate::docker::{ApiVersion, Host};

/// How the fields of host settings are called in messages, which depends on where they stand.
pub(super) struct Names {
    prefix: &'static str,
    cgroup: &'static str,
    cgroup_parent: &'static str,
    cpu_period: &'static str,
    cpu_quota: &'static str,
    cpu_realtime_runtime: &'static str,
    group_add: &'static str,
    log_type: &'static str,
    memory: &'static str,
    memory_swap: &'static str,
    nano_cpus: &'static str,
    oom_score_adj: &'static str,
    pids_limit: &'static str,
    ulimits: &'static str,
}

macro_rules! names {
    ($prefix:literal) => {
        Names {
            prefix: $prefix,
            cgroup: concat!($prefix, "Cgroup"),
            cgroup_parent: concat!($prefix, "CgroupParent"),
            cpu_period: concat!($prefix, "CpuPeriod"),
            cpu_quota: concat!($prefix, "CpuQuota"),
            cpu_realtime_runtime: concat!($prefix, "CpuRealtimeRuntime"),
            group_add: concat!($prefix, "GroupAdd"),
            log_type: concat!($prefix, "LogConfig.Type"),
            memory: concat!($prefix, "Memory"),
            memory_swap: concat!($prefix, "MemorySwap"),
            nano_cpus: concat!($prefix, "NanoCpus"),
            oom_score_adj: concat!($prefix, "OomScoreAdj"),
            pids_limit: concat!($prefix, "PidsLimit"),
            ulimits: concat!($prefix, "Ulimits"),
        }
    };
}

/// In the body of a create.
pub(super) const CREATE: Names = names!("HostConfig.");

/// In a body that holds nothing else.
pub(super) const TOP: Names = names!("");

impl Wire {
    pub(super) fn views(
        self,
        version: Option<&ApiVersion>,
        unknown_fields: Vec<String>,
        host: &dyn Host,
    ) -> Views {
        let config = self.host_config.unwrap_or_default();
        let endpoints = self
            .networking_config
            .map(|networking| networking.endpoints_config)
            .unwrap_or_default();
        let mut views = config.views(&CREATE, version, unknown_fields, host);
        let namespaces = views.namespaces.get_or_insert_default();
        if self.network_disabled {
            for namespace in namespaces.iter_mut() {
                // moby initializeNetworking: a disabled network is an empty namespace of its own.
                // Stricter than Docker: `host` stays `host`, whatever else is said.
                if namespace.kind == NamespaceKind::Network && namespace.mode != NamespaceMode::Host
                {
                    namespace.mode = NamespaceMode::Own;
                }
            }
        }
        for (key, endpoint) in &endpoints {
            let field = format!("NetworkingConfig.EndpointsConfig.{key}");
            namespaces.extend(named_network(field.clone(), key));
            namespaces.extend(endpoint.namespace(&field));
            views
                .sysctls
                .get_or_insert_default()
                .extend(endpoint.sysctls());
        }
        views.image = Some(ImageRef::parse(&self.image));
        if let Some(user) = &mut views.user {
            user.user.value = self.user;
            user.otherwise = Otherwise::Image;
        }
        views
    }
}

impl HostConfig {
    pub(super) fn views(
        self,
        names: &Names,
        version: Option<&ApiVersion>,
        mut unknown_fields: Vec<String>,
        host: &dyn Host,
    ) -> Views {
        let confinement = Confinement::parse(&self.security_opt);
        unknown_fields.extend(
            confinement
                .unknown
                .iter()
                .map(|key| format!("{}SecurityOpt {key}", names.prefix)),
        );
        Views {
            privileged: Some(self.privileged),
            capabilities: Some(Capabilities {
                add: self
                    .cap_add
                    .0
                    .iter()
                    .map(|c| Capability::parse(c))
                    .collect(),
                drop: self
                    .cap_drop
                    .0
                    .iter()
                    .map(|c| Capability::parse(c))
                    .collect(),
                ignored: false,
            }),
            namespaces: Some(self.namespaces(names, version, host)),
            cgroup_parents: Some(self.cgroup_parents(names)),
            memory: Some(self.memory(names, Zero::Unlimited, host)),
            cpu: Some(self.cpu(names, Zero::Unlimited, host)),
            pids: Some(Pids {
                field: names.pids_limit,
                limit: self.pids_limit,
                zero: Zero::Unlimited,
            }),
            root_size: Some(self.has_root_size()),
            read_only_root: Some(self.readonly_rootfs),
            mounts: Some(self.mounts(names, host)),
            devices: Some(self.devices(host)),
            confinement: Some(confinement),
            system_paths: Some(SystemPaths {
                masked: self.masked_paths,
                read_only: self.readonly_paths,
            }),
            tmpfs: Some(
                self.tmpfs
                    .into_iter()
                    .map(|(target, options)| Tmpfs {
                        field: format!("{}Tmpfs.{target}", names.prefix),
                        options: options.split(',').map(ToOwned::to_owned).collect(),
                    })
                    .collect(),
            ),
            user: Some(User {
                user: Setting {
                    field: "User",
                    value: String::new(),
                },
                groups: self.group_add,
                groups_field: names.group_add,
                otherwise: Otherwise::Container,
            }),
            ports: Some(Ports {
                all: self.publish_all_ports,
                bindings: self
                    .port_bindings
                    .into_iter()
                    .flat_map(|(container, mut bindings)| {
                        // moby container_routes.go handlePortBindingsBC: no binding is one
                        // without address and port.
                        if bindings.is_empty() {
                            bindings.push(PortBinding::default());
                        }
                        let field = format!("{}PortBindings.{container}", names.prefix);
                        bindings.into_iter().map(move |binding| Port {
                            field: field.clone(),
                            host_ip: binding.host_ip,
                            host_port: binding.host_port,
                        })
                    })
                    .collect(),
            }),
            log_driver: Some(Setting {
                field: names.log_type,
                value: self.log_config.kind,
            }),
            sysctls: Some(self.sysctls.into_keys().collect()),
            oom: Some(Oom {
                kill_disabled: self.oom_kill_disable,
                score_adj: Amount {
                    field: names.oom_score_adj,
                    value: self.oom_score_adj,
                },
            }),
            runtime: Some(Runtime {
                name: self.runtime,
                annotations: self.annotations.into_keys().collect(),
            }),
            unknown_fields: Some(unknown_fields),
            ..Views::default()
        }
    }

    /// An update changes what it names and keeps the rest, which was judged when it was set.
    // moby container/container_unix.go UpdateContainer: zero values are left out. It takes neither
    // parent cgroups nor devices today. Stricter than Docker: it may begin to, and no client sends any.
    pub(super) fn update_views(
        &self,
        version: Option<&ApiVersion>,
        unknown_fields: Vec<String>,
        host: &dyn Host,
    ) -> Views {
        // moby container_routes.go postContainerUpdate: below 1.40 the limit of processes is left out.
        let takes_pids = !version.is_some_and(|version| version.is_below(1, 40));
        Views {
            cgroup_parents: Some(self.cgroup_parents(&TOP)),
            memory: Some(self.memory(&TOP, Zero::Keeps, host)),
            cpu: Some(self.cpu(&TOP, Zero::Keeps, host)),
            pids: Some(Pids {
                field: TOP.pids_limit,
                limit: self.pids_limit.filter(|_| takes_pids),
                zero: Zero::Keeps,
            }),
            devices: Some(self.devices(host)),
            oom: Some(Oom {
                kill_disabled: self.oom_kill_disable,
                score_adj: Amount {
                    field: TOP.oom_score_adj,
                    value: self.oom_score_adj,
                },
            }),
            unknown_fields: Some(unknown_fields),
            ..Views::default()
        }
    }

    fn namespaces(
        &self,
        names: &Names,
        version: Option<&ApiVersion>,
        host: &dyn Host,
    ) -> Vec<Namespace> {
        let below = |minor| version.is_some_and(|version| version.is_below(1, minor));
        let ipc = if self.ipc_mode == "shareable" || (self.ipc_mode.is_empty() && below(40)) {
            // moby container_routes.go: below 1.40 the default is `shareable`.
            NamespaceMode::Shareable
        } else {
            shared_mode(&self.ipc_mode)
        };
        let cgroup = if self.cgroupns_mode.is_empty() && below(41) && !host.has_unified_cgroups() {
            // moby container_routes.go: below 1.41 the default is `host` on cgroup version 1.
            NamespaceMode::Host
        } else {
            shared_mode(&self.cgroupns_mode)
        };
        [
            (
                NamespaceKind::Network,
                mode(&self.network_mode),
                "NetworkMode",
            ),
            (NamespaceKind::Pid, shared_mode(&self.pid_mode), "PidMode"),
            (NamespaceKind::Ipc, ipc, "IpcMode"),
            (NamespaceKind::Uts, shared_mode(&self.uts_mode), "UTSMode"),
            (
                NamespaceKind::User,
                shared_mode(&self.userns_mode),
                "UsernsMode",
            ),
            (NamespaceKind::Cgroup, cgroup, "CgroupnsMode"),
        ]
        .into_iter()
        .map(|(kind, mode, field)| Namespace {
            kind,
            mode,
            field: format!("{}{field}", names.prefix),
        })
        .collect()
    }

    fn cgroup_parents(&self, names: &Names) -> Vec<Setting> {
        [
            (names.cgroup_parent, &self.cgroup_parent),
            (names.cgroup, &self.cgroup),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(field, value)| Setting {
            field,
            value: value.clone(),
        })
        .collect()
    }

    fn memory(&self, names: &Names, zero: Zero, host: &dyn Host) -> Memory {
        Memory {
            limit: Amount {
                field: names.memory,
                value: self.memory,
            },
            swap: Amount {
                field: names.memory_swap,
                value: self.memory_swap,
            },
            zero,
            host: host.size(),
        }
    }

    fn cpu(&self, names: &Names, zero: Zero, host: &dyn Host) -> Cpu {
        let amount = |field, value| Amount { field, value };
        Cpu {
            nano_cpus: amount(names.nano_cpus, self.nano_cpus),
            period: amount(names.cpu_period, self.cpu_period),
            quota: amount(names.cpu_quota, self.cpu_quota),
            realtime_runtime: amount(names.cpu_realtime_runtime, self.cpu_realtime_runtime),
            realtime_priority: self
                .ulimits
                .iter()
                .any(Ulimit::is_realtime)
                .then_some(names.ulimits),
            zero,
            host: host.size(),
        }
    }

    // moby graphdriver overlay2, devmapper …: the key `size`, in any case.
    fn has_root_size(&self) -> bool {
        self.storage_opt.iter().any(|(key, value)| {
            key.eq_ignore_ascii_case("size")
                && value
                    .chars()
                    .any(|char| char.is_ascii_digit() && char != '0')
                && !value.starts_with('-')
        })
    }

    fn mounts(&self, names: &Names, host: &dyn Host) -> Vec<Mount> {
        let mut mounts = Vec::new();
        for (index, from) in self.volumes_from.iter().enumerate() {
            mounts.push(Mount {
                field: format!("{}VolumesFrom[{index}]", names.prefix),
                source: MountSource::Container(from.clone()),
                read_only: false,
                propagation: String::new(),
            });
        }
        for (index, bind) in self.binds.iter().enumerate() {
            let field = format!("{}Binds[{index}]", names.prefix);
            mounts.push(mount::parse_bind(field, bind, &self.volume_driver, host));
        }
        for (index, mount) in self.mounts.iter().enumerate() {
            mounts.push(mount.interpret(format!("{}Mounts[{index}]", names.prefix), host));
        }
        // Anonymous volumes, those of the image too, are made by this driver.
        if !self.volume_driver.is_empty() {
            mounts.push(Mount {
                field: format!("{}VolumeDriver", names.prefix),
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

/// Declares `HostConfig` once, for serde and for the list of its names; and `UpdateConfig`, which has
/// those of its fields that are resources.
macro_rules! host_config {
    (
        resources { $($resource:ident: $resource_type:ty = $resource_wire:literal,)+ }
        $($name:ident: $type:ty = $wire:literal,)+
    ) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        pub(super) struct HostConfig {
            $(#[serde(rename = $resource_wire)] $resource: $resource_type,)+
            $(#[serde(rename = $wire)] $name: $type,)+
        }

        /// The body of an update as dockerd decodes it.
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        pub(super) struct UpdateConfig {
            $(#[serde(rename = $resource_wire)] $resource: $resource_type,)+
        }

        impl UpdateConfig {
            /// The same, in the host settings of a container.
            pub(super) fn into_host_config(self) -> HostConfig {
                HostConfig {
                    $($resource: self.$resource,)+
                    ..HostConfig::default()
                }
            }
        }

        /// The fields of `HostConfig` that rules read.
        pub(in crate::docker) const HOST_CONFIG_FIELDS: &[&str] =
            &[$($resource_wire,)+ $($wire),+];
    };
}

host_config! {
    resources {
        cgroup_parent: String = "CgroupParent",
        cpu_period: i64 = "CpuPeriod",
        cpu_quota: i64 = "CpuQuota",
        cpu_realtime_runtime: i64 = "CpuRealtimeRuntime",
        device_cgroup_rules: Vec<String> = "DeviceCgroupRules",
        device_requests: Vec<DeviceRequestWire> = "DeviceRequests",
        devices: Vec<DeviceMapping> = "Devices",
        memory: i64 = "Memory",
        memory_swap: i64 = "MemorySwap",
        nano_cpus: i64 = "NanoCpus",
        oom_kill_disable: bool = "OomKillDisable",
        pids_limit: Option<i64> = "PidsLimit",
        ulimits: Vec<Ulimit> = "Ulimits",
    }
    annotations: BTreeMap<String, String> = "Annotations",
    binds: Vec<String> = "Binds",
    cap_add: StrSlice = "CapAdd",
    cap_drop: StrSlice = "CapDrop",
    cgroup: String = "Cgroup",
    cgroupns_mode: String = "CgroupnsMode",
    group_add: Vec<String> = "GroupAdd",
    ipc_mode: String = "IpcMode",
    log_config: LogConfig = "LogConfig",
    masked_paths: Option<Vec<String>> = "MaskedPaths",
    mounts: Vec<MountWire> = "Mounts",
    network_mode: String = "NetworkMode",
    oom_score_adj: i64 = "OomScoreAdj",
    pid_mode: String = "PidMode",
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
