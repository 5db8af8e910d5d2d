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
            "ConfigOnly",
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
];

/// What belongs into `HostConfig` and engines up to 26 also take from the top level.
// moby 20.10..26.1 runconfig/config_unix.go: ContainerConfigWrapper embeds *HostConfig.
const MISPLACED: &[&str] = &["Cpuset"];

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
        return (Known::Harmless, Some(field));
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
