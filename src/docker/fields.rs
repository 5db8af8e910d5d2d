//! Every field of a body, and every parameter of a build, that no rule reads, and why none needs to.
//!
//! What is neither read by a type beside this file nor listed here is an `unknown-field`. The test
//! `inventory` holds the list against moby's own types, engine by engine.

use super::json::{Known, folds_to};

/// Fields that no rule needs to read.
#[derive(Debug)]
pub struct Harmless {
    /// The type that has them.
    pub of: &'static str,
    /// Their names.
    pub fields: &'static [&'static str],
    /// The reason that holds for all of them: no final dot.
    pub reason: &'static str,
}

/// Resources that no rule needs to read, of a create and of an update.
const RESOURCES: &[&str] = &[
    "CpuShares",
    "CpusetCpus",
    "CpusetMems",
    "BlkioWeight",
    "BlkioWeightDevice",
    "BlkioDeviceReadBps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteIOps",
    "MemoryReservation",
    "MemorySwappiness",
    "KernelMemory",
    "KernelMemoryTCP",
    "CpuRealtimePeriod",
    "CpuCount",
    "CpuPercent",
    "IOMaximumIOps",
    "IOMaximumBandwidth",
];

/// What dockerd reads and no rule needs to.
pub static HARMLESS: &[Harmless] = &[
    Harmless {
        of: "ContainerCreate",
        fields: &["Hostname", "Domainname", "MacAddress"],
        reason: "names and addresses inside the container's own namespaces",
    },
    Harmless {
        of: "ContainerCreate",
        fields: &[
            "AttachStdin",
            "AttachStdout",
            "AttachStderr",
            "Tty",
            "OpenStdin",
            "StdinOnce",
            "ArgsEscaped",
            "WorkingDir",
            "Entrypoint",
            "Cmd",
            "Shell",
            "Env",
            "OnBuild",
            "Healthcheck",
            "StopSignal",
            "StopTimeout",
        ],
        reason: "what runs inside the container, with the container's rights",
    },
    Harmless {
        of: "ContainerCreate",
        fields: &[
            "ExposedPorts",
            "Labels",
            "Volumes",
            "PortSpecs",
            "PublishService",
        ],
        reason: "metadata, and anonymous volumes below dockerd's own directory",
    },
    Harmless {
        of: "ContainerCreate",
        fields: &["name", "platform", "authConfig"],
        reason: "parameters of the query and of headers that some clients leave in the body, where no engine reads them",
    },
    Harmless {
        of: "HostConfig",
        fields: &["Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "Links"],
        reason: "name resolution inside the container",
    },
    Harmless {
        of: "HostConfig",
        fields: &[
            "AutoRemove",
            "ConsoleSize",
            "ContainerIDFile",
            "Init",
            "Isolation",
            "RestartPolicy",
        ],
        reason: "the life of the container, not its rights",
    },
    Harmless {
        of: "HostConfig",
        fields: RESOURCES,
        reason: "they share or narrow resources; none lifts a limit that a rule asks for",
    },
    Harmless {
        of: "HostConfig",
        fields: &["ShmSize"],
        reason: "memory, bounded by the limit of the container",
    },
    Harmless {
        of: "UpdateConfig",
        fields: RESOURCES,
        reason: "they share or narrow resources; none lifts a limit that a rule asks for",
    },
    Harmless {
        of: "UpdateConfig",
        fields: &["RestartPolicy"],
        reason: "the life of the container, not its rights",
    },
    Harmless {
        of: "VolumeCreate",
        fields: &["Name", "Labels"],
        reason: "a name below dockerd's own directory, and metadata",
    },
    Harmless {
        of: "VolumeCreate",
        fields: &["ClusterVolumeSpec"],
        reason: "a volume of a driver that `host-paths` judges by its name",
    },
    Harmless {
        of: "Mount",
        fields: &[
            "Consistency",
            "TmpfsOptions",
            "ImageOptions",
            "ClusterOptions",
        ],
        reason: "how a mount inside the container behaves; cluster volumes are refused by their type",
    },
    Harmless {
        of: "BindOptions",
        fields: &["NonRecursive", "CreateMountpoint", "ReadOnlyForceRecursive"],
        reason: "they show less of the host, or make a directory that the path allows",
    },
    Harmless {
        of: "VolumeOptions",
        fields: &["NoCopy", "Labels", "Subpath"],
        reason: "inside of a volume",
    },
    Harmless {
        of: "LogConfig",
        fields: &["Config"],
        reason: "options of a log driver that `no-logging` judges by its name",
    },
    Harmless {
        of: "EndpointSettings",
        fields: &[
            "IPAMConfig",
            "Links",
            "Aliases",
            "MacAddress",
            "GwPriority",
            "EndpointID",
            "Gateway",
            "IPAddress",
            "IPPrefixLen",
            "IPv6Gateway",
            "GlobalIPv6Address",
            "GlobalIPv6PrefixLen",
            "DNSNames",
        ],
        reason: "addresses and names inside a network that is judged by its own name",
    },
    Harmless {
        of: "DeviceRequest",
        fields: &["Count", "Options"],
        reason: "how many of the devices that `host-devices` judges",
    },
    Harmless {
        of: "DeviceMapping",
        fields: &["PathInContainer"],
        reason: "a name inside the container",
    },
    Harmless {
        of: "ExecCreate",
        fields: &[
            "AttachStdin",
            "AttachStdout",
            "AttachStderr",
            "Tty",
            "ConsoleSize",
            "Detach",
            "DetachKeys",
            "Container",
            "Env",
            "WorkingDir",
            "Cmd",
        ],
        reason: "what runs inside the container, with the container's rights",
    },
    Harmless {
        of: "CheckpointCreate",
        fields: &["CheckpointID", "Exit"],
        reason: "a name below a directory that `host-paths` judges, and whether the container goes on",
    },
    Harmless {
        of: "NetworkCreate",
        fields: &[
            "CheckDuplicate",
            "Scope",
            "EnableIPv4",
            "EnableIPv6",
            "IPAM",
            "Internal",
            "Attachable",
            "Ingress",
            "ConfigFrom",
            "Labels",
        ],
        reason: "addresses and reach of a network that is apart from the host's interfaces",
    },
    Harmless {
        of: "NetworkConnect",
        fields: &["Container"],
        reason: "a container that was judged when it was made",
    },
    Harmless {
        of: "ServiceSpec",
        fields: &["Labels", "Mode", "UpdateConfig", "RollbackConfig"],
        reason: "metadata, how many containers there are and how they are replaced",
    },
    Harmless {
        of: "TaskSpec",
        fields: &[
            "NetworkAttachmentSpec",
            "RestartPolicy",
            "Placement",
            "ForceUpdate",
            "Runtime",
        ],
        reason: "where and how often a container runs; a plugin as runtime is judged by its specification",
    },
    Harmless {
        of: "ContainerSpec",
        fields: &[
            "Labels",
            "Command",
            "Args",
            "Hostname",
            "Env",
            "Dir",
            "Init",
            "StopSignal",
            "StopGracePeriod",
            "TTY",
            "OpenStdin",
            "Healthcheck",
            "Hosts",
            "DNSConfig",
            "Secrets",
            "Configs",
            "Isolation",
        ],
        reason: "what runs inside the container, with the container's rights",
    },
    Harmless {
        of: "Privileges",
        fields: &["CredentialSpec"],
        reason: "Windows only",
    },
    Harmless {
        of: "PluginSpec",
        fields: &["privileges", "disabled", "env"],
        reason: "a plugin that `plugin-change` judges by its name",
    },
    Harmless {
        of: "Resources",
        fields: &["Reservations", "MemorySwappiness"],
        reason: "what the Swarm keeps free for the container",
    },
    Harmless {
        of: "NetworkAttachment",
        fields: &["Aliases"],
        reason: "names inside a network",
    },
    Harmless {
        of: "Driver",
        fields: &["Options"],
        reason: "options of a log driver that `no-logging` judges by its name",
    },
    Harmless {
        of: "EndpointSpec",
        fields: &["Mode"],
        reason: "how the containers of a service are found",
    },
    Harmless {
        of: "PortConfig",
        fields: &["Name", "Protocol", "TargetPort", "PublishMode"],
        reason: "a port that `wide-ports` judges as published everywhere",
    },
    Harmless {
        of: "Build",
        fields: &[
            "dockerfile",
            "q",
            "nocache",
            "rm",
            "forcerm",
            "pull",
            "target",
            "platform",
            "outputs",
            "squash",
            "labels",
            "buildargs",
            "cachefrom",
            "extrahosts",
            "session",
            "buildid",
            "isolation",
        ],
        reason: "what is built and kept, with the rights that the other parameters give",
    },
    Harmless {
        of: "Build",
        fields: &["cpushares", "cpusetcpus", "cpusetmems", "shmsize"],
        reason: "they share or narrow resources; none lifts a limit that a rule asks for",
    },
    Harmless {
        of: "HealthConfig",
        fields: &[
            "Test",
            "Interval",
            "Timeout",
            "StartPeriod",
            "StartInterval",
            "Retries",
        ],
        reason: "what runs inside the container, with the container's rights",
    },
    Harmless {
        of: "RestartPolicy",
        fields: &[
            "Name",
            "MaximumRetryCount",
            "Condition",
            "Delay",
            "MaxAttempts",
            "Window",
        ],
        reason: "the life of the container, not its rights",
    },
    Harmless {
        of: "BlkioDevice",
        fields: &["Path", "Weight", "Rate"],
        reason: "how much of a device a container may use that it has anyhow",
    },
    Harmless {
        of: "TmpfsOptions",
        fields: &["SizeBytes", "Mode", "Options"],
        reason: "memory inside the container, bounded by its limit",
    },
    Harmless {
        of: "ImageOptions",
        fields: &["Subpath"],
        reason: "files of an image, read-only",
    },
    Harmless {
        of: "ConfigReference",
        fields: &["Network"],
        reason: "a network whose options were judged when it was made",
    },
    Harmless {
        of: "EndpointIPAMConfig",
        fields: &["IPv4Address", "IPv6Address", "LinkLocalIPs"],
        reason: "addresses inside a network that is judged by its own name",
    },
    Harmless {
        of: "IPAM",
        fields: &["Driver", "Options", "Config"],
        reason: "addresses of a network that is apart from the host's interfaces",
    },
    Harmless {
        of: "IPAMConfig",
        fields: &["Subnet", "IPRange", "Gateway", "AuxiliaryAddresses"],
        reason: "addresses of a network that is apart from the host's interfaces",
    },
    Harmless {
        of: "FileReference",
        fields: &[
            "File",
            "Runtime",
            "ConfigID",
            "ConfigName",
            "SecretID",
            "SecretName",
        ],
        reason: "a secret or config in memory, which the Swarm gives to the service",
    },
    Harmless {
        of: "FileTarget",
        fields: &["Name", "UID", "GID", "Mode"],
        reason: "a secret or config in memory, which the Swarm gives to the service",
    },
    Harmless {
        of: "CredentialSpec",
        fields: &["Config", "File", "Registry"],
        reason: "Windows only",
    },
    Harmless {
        of: "DNSConfig",
        fields: &["Nameservers", "Search", "Options"],
        reason: "name resolution inside the container",
    },
    Harmless {
        of: "NetworkAttachmentSpec",
        fields: &["ContainerID"],
        reason: "a container that is there already",
    },
    Harmless {
        of: "Placement",
        fields: &["Constraints", "Preferences", "MaxReplicas", "Platforms"],
        reason: "where a container runs",
    },
    Harmless {
        of: "PlacementPreference",
        fields: &["Spread"],
        reason: "where a container runs",
    },
    Harmless {
        of: "SpreadOver",
        fields: &["SpreadDescriptor"],
        reason: "where a container runs",
    },
    Harmless {
        of: "Platform",
        fields: &["Architecture", "OS"],
        reason: "where a container runs",
    },
    Harmless {
        of: "Reservations",
        fields: &["NanoCPUs", "MemoryBytes", "GenericResources"],
        reason: "what the Swarm keeps free for the container",
    },
    Harmless {
        of: "GenericResource",
        fields: &["NamedResourceSpec", "DiscreteResourceSpec"],
        reason: "what the Swarm keeps free for the container",
    },
    Harmless {
        of: "NamedResource",
        fields: &["Kind", "Value"],
        reason: "what the Swarm keeps free for the container",
    },
    Harmless {
        of: "RuntimePrivilege",
        fields: &["name", "description", "value"],
        reason: "a plugin that `plugin-change` judges by its name",
    },
    Harmless {
        of: "ServiceMode",
        fields: &["Replicated", "Global", "ReplicatedJob", "GlobalJob"],
        reason: "how many containers there are",
    },
    Harmless {
        of: "ReplicatedService",
        fields: &["Replicas", "MaxConcurrent", "TotalCompletions"],
        reason: "how many containers there are",
    },
    Harmless {
        of: "UpdateOrder",
        fields: &[
            "Parallelism",
            "Delay",
            "FailureAction",
            "Monitor",
            "MaxFailureRatio",
            "Order",
        ],
        reason: "how containers are replaced",
    },
    Harmless {
        of: "ClusterVolumeSpec",
        fields: &[
            "Group",
            "AccessMode",
            "AccessibilityRequirements",
            "CapacityRange",
            "Secrets",
            "Availability",
        ],
        reason: "a volume of a driver that `host-paths` judges by its name",
    },
    Harmless {
        of: "AccessMode",
        fields: &["Scope", "Sharing", "MountVolume", "BlockVolume"],
        reason: "a volume of a driver that `host-paths` judges by its name",
    },
    Harmless {
        of: "MountVolume",
        fields: &["FsType", "MountFlags"],
        reason: "a volume of a driver that `host-paths` judges by its name",
    },
    Harmless {
        of: "Topology",
        fields: &["Requisite", "Preferred", "Segments"],
        reason: "a volume of a driver that `host-paths` judges by its name",
    },
    Harmless {
        of: "CapacityRange",
        fields: &["RequiredBytes", "LimitBytes"],
        reason: "a volume of a driver that `host-paths` judges by its name",
    },
    Harmless {
        of: "VolumeSecret",
        fields: &["Key", "Secret"],
        reason: "a volume of a driver that `host-paths` judges by its name",
    },
];

/// Objects among the fields above: what has the field, the field, and the type it holds, or holds a
/// list of. `None` has no fields at all.
const OBJECTS: &[(&str, &str, &str)] = &[
    ("ContainerCreate", "Healthcheck", "HealthConfig"),
    ("ContainerSpec", "Healthcheck", "HealthConfig"),
    ("HostConfig", "RestartPolicy", "RestartPolicy"),
    ("UpdateConfig", "RestartPolicy", "RestartPolicy"),
    ("TaskSpec", "RestartPolicy", "RestartPolicy"),
    ("HostConfig", "BlkioWeightDevice", "BlkioDevice"),
    ("HostConfig", "BlkioDeviceReadBps", "BlkioDevice"),
    ("HostConfig", "BlkioDeviceWriteBps", "BlkioDevice"),
    ("HostConfig", "BlkioDeviceReadIOps", "BlkioDevice"),
    ("HostConfig", "BlkioDeviceWriteIOps", "BlkioDevice"),
    ("UpdateConfig", "BlkioWeightDevice", "BlkioDevice"),
    ("UpdateConfig", "BlkioDeviceReadBps", "BlkioDevice"),
    ("UpdateConfig", "BlkioDeviceWriteBps", "BlkioDevice"),
    ("UpdateConfig", "BlkioDeviceReadIOps", "BlkioDevice"),
    ("UpdateConfig", "BlkioDeviceWriteIOps", "BlkioDevice"),
    ("Mount", "TmpfsOptions", "TmpfsOptions"),
    ("Mount", "ImageOptions", "ImageOptions"),
    ("Mount", "ClusterOptions", "None"),
    ("NetworkCreate", "ConfigFrom", "ConfigReference"),
    ("EndpointSettings", "IPAMConfig", "EndpointIPAMConfig"),
    ("NetworkCreate", "IPAM", "IPAM"),
    ("IPAM", "Config", "IPAMConfig"),
    ("ContainerSpec", "Configs", "FileReference"),
    ("ContainerSpec", "Secrets", "FileReference"),
    ("FileReference", "File", "FileTarget"),
    ("FileReference", "Runtime", "None"),
    ("Privileges", "CredentialSpec", "CredentialSpec"),
    ("ContainerSpec", "DNSConfig", "DNSConfig"),
    ("TaskSpec", "NetworkAttachmentSpec", "NetworkAttachmentSpec"),
    ("TaskSpec", "Placement", "Placement"),
    ("Placement", "Preferences", "PlacementPreference"),
    ("PlacementPreference", "Spread", "SpreadOver"),
    ("Placement", "Platforms", "Platform"),
    ("Resources", "Reservations", "Reservations"),
    ("Reservations", "GenericResources", "GenericResource"),
    ("GenericResource", "NamedResourceSpec", "NamedResource"),
    ("GenericResource", "DiscreteResourceSpec", "NamedResource"),
    ("PluginSpec", "privileges", "RuntimePrivilege"),
    ("ServiceSpec", "Mode", "ServiceMode"),
    ("ServiceMode", "Replicated", "ReplicatedService"),
    ("ServiceMode", "ReplicatedJob", "ReplicatedService"),
    ("ServiceMode", "Global", "None"),
    ("ServiceMode", "GlobalJob", "None"),
    ("ServiceSpec", "UpdateConfig", "UpdateOrder"),
    ("ServiceSpec", "RollbackConfig", "UpdateOrder"),
    ("VolumeCreate", "ClusterVolumeSpec", "ClusterVolumeSpec"),
    ("ClusterVolumeSpec", "AccessMode", "AccessMode"),
    ("AccessMode", "MountVolume", "MountVolume"),
    ("AccessMode", "BlockVolume", "None"),
    ("ClusterVolumeSpec", "AccessibilityRequirements", "Topology"),
    ("Topology", "Requisite", "Topology"),
    ("Topology", "Preferred", "Topology"),
    ("ClusterVolumeSpec", "CapacityRange", "CapacityRange"),
    ("ClusterVolumeSpec", "Secrets", "VolumeSecret"),
];

/// What belongs into `HostConfig` and engines up to 26 also take from the top level.
// moby 20.10..26.1 runconfig/config_unix.go: ContainerConfigWrapper embeds *HostConfig.
const MISPLACED: &[&str] = &["Cpuset"];

/// Lists that go in place of the daemon's own, so that an empty one opens everything.
const REPLACING_LISTS: &[&str] = &["MaskedPaths", "ReadonlyPaths"];

/// Sorts a field that the type named `of` does not read.
pub(crate) fn sort(of: &str, key: &str) -> (Known, Option<&'static str>) {
    let listed = |of: &str| {
        HARMLESS
            .iter()
            .filter(|row| row.of == of)
            .flat_map(|row| row.fields)
            .copied()
            .find(|field| folds_to(key, field))
    };
    if let Some(field) = listed(of) {
        let object = OBJECTS
            .iter()
            .find(|(holder, name, _)| *holder == of && *name == field);
        let known = object.map_or(Known::Harmless, |(.., kind)| Known::Object(kind));
        return (known, Some(field));
    }
    if of != "ContainerCreate" {
        return (Known::Unknown, None);
    }
    let misplaced = super::container::HOST_CONFIG_FIELDS
        .iter()
        .chain(MISPLACED)
        .copied()
        .find(|field| folds_to(key, field))
        .or_else(|| listed("HostConfig"));
    match misplaced {
        Some(field) if REPLACING_LISTS.contains(&field) => (Known::MisplacedList, Some(field)),
        Some(field) => (Known::Misplaced, Some(field)),
        None => (Known::Unknown, None),
    }
}

/// Whether the list has `name`, in just this spelling.
pub(crate) fn is_harmless(of: &str, name: &str) -> bool {
    HARMLESS
        .iter()
        .any(|row| row.of == of && row.fields.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_by_type_and_in_any_fold() {
        assert_eq!(
            sort("ContainerCreate", "env"),
            (Known::Harmless, Some("Env"))
        );
        assert_eq!(
            sort("ContainerCreate", "PRIVILEGED"),
            (Known::Misplaced, Some("Privileged"))
        );
        assert_eq!(
            sort("ContainerCreate", "ShmSize"),
            (Known::Misplaced, Some("ShmSize"))
        );
        assert_eq!(sort("ContainerCreate", "Later"), (Known::Unknown, None));
        assert_eq!(
            sort("HostConfig", "ShmSize"),
            (Known::Harmless, Some("ShmSize"))
        );
        assert_eq!(sort("HostConfig", "Env"), (Known::Unknown, None));
    }

    #[test]
    fn every_row_has_a_reason_and_no_field_stands_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for row in HARMLESS {
            assert!(!row.reason.is_empty() && !row.reason.ends_with('.'));
            for field in row.fields {
                assert!(seen.insert((row.of, field)), "{}.{field}", row.of);
            }
        }
    }
}
