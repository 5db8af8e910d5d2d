//! The bodies of requests in Docker's own types, taken from moby's sources field by field, and two
//! things that only the types are needed for: what a client writes plainly, and how it would have
//! written something else.

use crate::go::Type::{Bool, Int, List, Map, Pair, Pointer, Struct, Text, TextOrList};
use crate::go::{Field, Json, Type};

const INT: Type = Int(i64::MIN as i128, i64::MAX as i128);
const UINT: Type = Int(0, u64::MAX as i128);
const UINT16: Type = Int(0, u16::MAX as i128);
const UINT32: Type = Int(0, u32::MAX as i128);
const TEXTS: Type = List(&Text);
const TEXT_MAP: Type = Map(&Text);
const SET: Type = Map(&Struct(&[]));

// moby 28.5.2 api/types/container/config.go: Config.
const CONFIG: &[Field] = &[
    ("Hostname", Text),
    ("Domainname", Text),
    ("User", Text),
    ("AttachStdin", Bool),
    ("AttachStdout", Bool),
    ("AttachStderr", Bool),
    ("ExposedPorts", SET),
    ("Tty", Bool),
    ("OpenStdin", Bool),
    ("StdinOnce", Bool),
    ("Env", TEXTS),
    ("Cmd", TextOrList),
    ("Healthcheck", Pointer(&HEALTHCHECK)),
    ("ArgsEscaped", Bool),
    ("Image", Text),
    ("Volumes", SET),
    ("WorkingDir", Text),
    ("Entrypoint", TextOrList),
    ("NetworkDisabled", Bool),
    ("MacAddress", Text),
    ("OnBuild", TEXTS),
    ("Labels", TEXT_MAP),
    ("StopSignal", Text),
    ("StopTimeout", Pointer(&INT)),
    ("Shell", TextOrList),
];

static HEALTHCHECK: Type = Struct(&[&[
    ("Test", TEXTS),
    ("Interval", INT),
    ("Timeout", INT),
    ("StartPeriod", INT),
    ("StartInterval", INT),
    ("Retries", INT),
]]);

// moby 28.5.2 api/types/container/hostconfig.go: HostConfig, which embeds Resources.
const HOST_CONFIG_FIELDS: &[Field] = &[
    ("Binds", TEXTS),
    ("ContainerIDFile", Text),
    (
        "LogConfig",
        Struct(&[&[("Type", Text), ("Config", TEXT_MAP)]]),
    ),
    ("NetworkMode", Text),
    ("PortBindings", Map(&List(&PORT_BINDING))),
    ("RestartPolicy", RESTART_POLICY),
    ("AutoRemove", Bool),
    ("VolumeDriver", Text),
    ("VolumesFrom", TEXTS),
    ("ConsoleSize", Pair(&UINT)),
    ("Annotations", TEXT_MAP),
    ("CapAdd", TextOrList),
    ("CapDrop", TextOrList),
    ("CgroupnsMode", Text),
    ("Dns", TEXTS),
    ("DnsOptions", TEXTS),
    ("DnsSearch", TEXTS),
    ("ExtraHosts", TEXTS),
    ("GroupAdd", TEXTS),
    ("IpcMode", Text),
    ("Cgroup", Text),
    ("Links", TEXTS),
    ("OomScoreAdj", INT),
    ("PidMode", Text),
    ("Privileged", Bool),
    ("PublishAllPorts", Bool),
    ("ReadonlyRootfs", Bool),
    ("SecurityOpt", TEXTS),
    ("StorageOpt", TEXT_MAP),
    ("Tmpfs", TEXT_MAP),
    ("UTSMode", Text),
    ("UsernsMode", Text),
    ("ShmSize", INT),
    ("Sysctls", TEXT_MAP),
    ("Runtime", Text),
    ("Isolation", Text),
    ("Mounts", List(&MOUNT)),
    ("MaskedPaths", TEXTS),
    ("ReadonlyPaths", TEXTS),
    ("Init", Pointer(&Bool)),
];

const RESOURCES: &[Field] = &[
    ("CpuShares", INT),
    ("Memory", INT),
    ("NanoCpus", INT),
    ("CgroupParent", Text),
    ("BlkioWeight", UINT16),
    ("BlkioWeightDevice", List(&Pointer(&WEIGHT_DEVICE))),
    ("BlkioDeviceReadBps", List(&Pointer(&THROTTLE_DEVICE))),
    ("BlkioDeviceWriteBps", List(&Pointer(&THROTTLE_DEVICE))),
    ("BlkioDeviceReadIOps", List(&Pointer(&THROTTLE_DEVICE))),
    ("BlkioDeviceWriteIOps", List(&Pointer(&THROTTLE_DEVICE))),
    ("CpuPeriod", INT),
    ("CpuQuota", INT),
    ("CpuRealtimePeriod", INT),
    ("CpuRealtimeRuntime", INT),
    ("CpusetCpus", Text),
    ("CpusetMems", Text),
    ("Devices", List(&DEVICE)),
    ("DeviceCgroupRules", TEXTS),
    ("DeviceRequests", List(&DEVICE_REQUEST)),
    ("KernelMemory", INT),
    ("KernelMemoryTCP", INT),
    ("MemoryReservation", INT),
    ("MemorySwap", INT),
    ("MemorySwappiness", Pointer(&INT)),
    ("OomKillDisable", Pointer(&Bool)),
    ("PidsLimit", Pointer(&INT)),
    ("Ulimits", List(&Pointer(&ULIMIT))),
    ("CpuCount", INT),
    ("CpuPercent", INT),
    ("IOMaximumIOps", UINT),
    ("IOMaximumBandwidth", UINT),
];

const RESTART_POLICY: Type = Struct(&[&[("Name", Text), ("MaximumRetryCount", INT)]]);
pub(crate) static HOST_CONFIG: Type = Struct(&[HOST_CONFIG_FIELDS, RESOURCES]);
static PORT_BINDING: Type = Struct(&[&[("HostIp", Text), ("HostPort", Text)]]);
static WEIGHT_DEVICE: Type = Struct(&[&[("Path", Text), ("Weight", UINT16)]]);
static THROTTLE_DEVICE: Type = Struct(&[&[("Path", Text), ("Rate", UINT)]]);
static ULIMIT: Type = Struct(&[&[("Name", Text), ("Hard", INT), ("Soft", INT)]]);
static DEVICE: Type = Struct(&[&[
    ("PathOnHost", Text),
    ("PathInContainer", Text),
    ("CgroupPermissions", Text),
]]);
static DEVICE_REQUEST: Type = Struct(&[&[
    ("Driver", Text),
    ("Count", INT),
    ("DeviceIDs", TEXTS),
    ("Capabilities", List(&TEXTS)),
    ("Options", TEXT_MAP),
]]);

// moby 28.5.2 api/types/mount/mount.go.
static MOUNT: Type = Struct(&[&[
    ("Type", Text),
    ("Source", Text),
    ("Target", Text),
    ("ReadOnly", Bool),
    ("Consistency", Text),
    ("BindOptions", Pointer(&BIND_OPTIONS)),
    ("VolumeOptions", Pointer(&VOLUME_OPTIONS)),
    ("ImageOptions", Pointer(&Struct(&[&[("Subpath", Text)]]))),
    ("TmpfsOptions", Pointer(&TMPFS_OPTIONS)),
    ("ClusterOptions", Pointer(&Struct(&[]))),
]]);
static BIND_OPTIONS: Type = Struct(&[&[
    ("Propagation", Text),
    ("NonRecursive", Bool),
    ("CreateMountpoint", Bool),
    ("ReadOnlyNonRecursive", Bool),
    ("ReadOnlyForceRecursive", Bool),
]]);
static VOLUME_OPTIONS: Type = Struct(&[&[
    ("NoCopy", Bool),
    ("Labels", TEXT_MAP),
    ("Subpath", Text),
    ("DriverConfig", Pointer(&DRIVER)),
]]);
static DRIVER: Type = Struct(&[&[("Name", Text), ("Options", TEXT_MAP)]]);
static TMPFS_OPTIONS: Type = Struct(&[&[
    ("SizeBytes", INT),
    ("Mode", UINT32),
    ("Options", List(&TEXTS)),
]]);

// moby 28.5.2 api/types/network/endpoint.go.
static NETWORKING: Type = Struct(&[&[("EndpointsConfig", Map(&Pointer(&ENDPOINT)))]]);
static ENDPOINT: Type = Struct(&[&[
    ("IPAMConfig", Pointer(&IPAM)),
    ("Links", TEXTS),
    ("Aliases", TEXTS),
    ("MacAddress", Text),
    ("DriverOpts", TEXT_MAP),
    ("GwPriority", INT),
    ("NetworkID", Text),
    ("EndpointID", Text),
    ("Gateway", Text),
    ("IPAddress", Text),
    ("IPPrefixLen", INT),
    ("IPv6Gateway", Text),
    ("GlobalIPv6Address", Text),
    ("GlobalIPv6PrefixLen", INT),
    ("DNSNames", TEXTS),
]]);
static IPAM: Type = Struct(&[&[
    ("IPv4Address", Text),
    ("IPv6Address", Text),
    ("LinkLocalIPs", TEXTS),
]]);

// moby 28.5.2 api/types/container/hostconfig.go: UpdateConfig.
static UPDATE: Type = Struct(&[RESOURCES, &[("RestartPolicy", RESTART_POLICY)]]);

// moby 28.5.2 api/types/container/exec.go: ExecOptions.
static EXEC: Type = Struct(&[&[
    ("User", Text),
    ("Privileged", Bool),
    ("Tty", Bool),
    ("ConsoleSize", Pointer(&Pair(&UINT))),
    ("AttachStdin", Bool),
    ("AttachStderr", Bool),
    ("AttachStdout", Bool),
    ("DetachKeys", Text),
    ("Env", TEXTS),
    ("WorkingDir", Text),
    ("Cmd", TEXTS),
    ("Detach", Bool),
]]);

// moby 28.5.2 api/types/checkpoint/options.go: CreateOptions.
static CHECKPOINT: Type = Struct(&[&[
    ("CheckpointID", Text),
    ("CheckpointDir", Text),
    ("Exit", Bool),
]]);

// moby 28.5.2 api/types/volume/create_options.go, without the volumes of a cluster.
static VOLUME: Type = Struct(&[&[
    ("Driver", Text),
    ("DriverOpts", TEXT_MAP),
    ("Labels", TEXT_MAP),
    ("Name", Text),
]]);

// moby 28.5.2 api/types/network/network.go: CreateRequest, ConnectOptions.
static NETWORK: Type = Struct(&[&[
    ("Driver", Text),
    ("Scope", Text),
    ("EnableIPv4", Pointer(&Bool)),
    ("EnableIPv6", Pointer(&Bool)),
    ("IPAM", Pointer(&NETWORK_IPAM)),
    ("Internal", Bool),
    ("Attachable", Bool),
    ("Ingress", Bool),
    ("ConfigOnly", Bool),
    ("ConfigFrom", Pointer(&Struct(&[&[("Network", Text)]]))),
    ("Options", TEXT_MAP),
    ("Labels", TEXT_MAP),
    ("Name", Text),
    ("CheckDuplicate", Pointer(&Bool)),
]]);
static NETWORK_IPAM: Type = Struct(&[&[
    ("Driver", Text),
    ("Options", TEXT_MAP),
    ("Config", List(&NETWORK_RANGE)),
]]);
static NETWORK_RANGE: Type = Struct(&[&[
    ("Subnet", Text),
    ("IPRange", Text),
    ("Gateway", Text),
    ("AuxiliaryAddresses", TEXT_MAP),
]]);
static CONNECT: Type = Struct(&[&[("Container", Text), ("EndpointConfig", Pointer(&ENDPOINT))]]);

// moby 28.5.2 api/types/swarm: ServiceSpec, as far as containers are made by it.
static SERVICE: Type = Struct(&[&[
    ("Name", Text),
    ("Labels", TEXT_MAP),
    ("TaskTemplate", Struct(&[TASK])),
    ("Networks", List(&ATTACHMENT)),
    ("EndpointSpec", Pointer(&ENDPOINT_SPEC)),
]]);
const TASK: &[Field] = &[
    ("ContainerSpec", Pointer(&CONTAINER_SPEC)),
    ("PluginSpec", Pointer(&PLUGIN_SPEC)),
    ("Resources", Pointer(&REQUIREMENTS)),
    ("Networks", List(&ATTACHMENT)),
    ("LogDriver", Pointer(&DRIVER)),
    ("ForceUpdate", UINT),
    ("Runtime", Text),
];
static ATTACHMENT: Type = Struct(&[&[
    ("Target", Text),
    ("Aliases", TEXTS),
    ("DriverOpts", TEXT_MAP),
]]);
static ENDPOINT_SPEC: Type = Struct(&[&[("Mode", Text), ("Ports", List(&SERVICE_PORT))]]);
static SERVICE_PORT: Type = Struct(&[&[
    ("Name", Text),
    ("Protocol", Text),
    ("TargetPort", UINT32),
    ("PublishedPort", UINT32),
    ("PublishMode", Text),
]]);
static PLUGIN_SPEC: Type = Struct(&[&[
    ("name", Text),
    ("remote", Text),
    ("disabled", Bool),
    ("env", TEXTS),
]]);
static REQUIREMENTS: Type = Struct(&[&[
    ("Limits", Pointer(&Struct(&[AMOUNTS, &[("Pids", INT)]]))),
    ("Reservations", Pointer(&Struct(&[AMOUNTS]))),
]]);
const AMOUNTS: &[Field] = &[("NanoCPUs", INT), ("MemoryBytes", INT)];
static CONTAINER_SPEC: Type = Struct(&[&[
    ("Image", Text),
    ("Labels", TEXT_MAP),
    ("Command", TEXTS),
    ("Args", TEXTS),
    ("Hostname", Text),
    ("Env", TEXTS),
    ("Dir", Text),
    ("User", Text),
    ("Groups", TEXTS),
    ("Privileges", Pointer(&PRIVILEGES)),
    ("Init", Pointer(&Bool)),
    ("StopSignal", Text),
    ("TTY", Bool),
    ("OpenStdin", Bool),
    ("ReadOnly", Bool),
    ("Mounts", List(&MOUNT)),
    ("StopGracePeriod", Pointer(&INT)),
    ("Healthcheck", Pointer(&HEALTHCHECK)),
    ("Hosts", TEXTS),
    ("Isolation", Text),
    ("Sysctls", TEXT_MAP),
    ("CapabilityAdd", TEXTS),
    ("CapabilityDrop", TEXTS),
    ("Ulimits", List(&Pointer(&ULIMIT))),
    ("OomScoreAdj", INT),
]]);
static PRIVILEGES: Type = Struct(&[&[
    (
        "SELinuxContext",
        Pointer(&Struct(&[&[
            ("Disable", Bool),
            ("User", Text),
            ("Role", Text),
            ("Type", Text),
            ("Level", Text),
        ]])),
    ),
    (
        "Seccomp",
        Pointer(&Struct(&[&[("Mode", Text), ("Profile", Text)]])),
    ),
    ("AppArmor", Pointer(&Struct(&[&[("Mode", Text)]]))),
    ("NoNewPrivileges", Bool),
]]);

/// The body of each road, by the pattern of its route; `None` where the model has no type.
#[must_use]
pub fn body_of(pattern: &str) -> Option<&'static Type> {
    Some(match pattern {
        CREATE_PATTERN => &CREATE,
        "/containers/{name:.*}/update" => &UPDATE,
        "/containers/{name:.*}/exec" => &EXEC,
        "/containers/{name:.*}/checkpoints" => &CHECKPOINT,
        "/volumes/create" => &VOLUME,
        "/networks/create" => &NETWORK,
        "/networks/{id:.*}/connect" => &CONNECT,
        "/services/create" | "/services/{id}/update" => &SERVICE,
        _ => return None,
    })
}

/// The pattern of container create.
pub const CREATE_PATTERN: &str = "/containers/create";

const REQUEST: &[Field] = &[
    ("HostConfig", Pointer(&HOST_CONFIG)),
    ("NetworkingConfig", Pointer(&NETWORKING)),
];

/// The body of a create as engines from 27 on decode it.
// moby 28.5.2 api/types/container/create_request.go: CreateRequest.
pub static CREATE: Type = Struct(&[CONFIG, REQUEST]);

/// The body of a create as engines up to 26 decode it.
// moby 20.10.24 runconfig/config_unix.go: ContainerConfigWrapper.
pub static WRAPPED_CREATE: Type = Struct(&[
    CONFIG,
    REQUEST,
    &[("Cpuset", Text)],
    HOST_CONFIG_FIELDS,
    RESOURCES,
]);

/// Whether a body is what a client writes: every field known and spelled as Docker spells it, once.
#[must_use]
pub fn is_plain(json: &Json, kind: &Type) -> bool {
    match (json, kind.behind_pointers()) {
        (Json::Object(object), kind @ Struct(_)) => {
            object.iter().enumerate().all(|(at, (key, json))| {
                kind.fields()
                    .find(|(name, _)| name == key)
                    .is_some_and(|(_, kind)| is_plain(json, kind))
                    && !object[..at].iter().any(|(other, _)| other == key)
            })
        }
        (Json::Object(object), Map(inner)) => object.iter().enumerate().all(|(at, (key, json))| {
            is_plain(json, inner) && !object[..at].iter().any(|(other, _)| other == key)
        }),
        (Json::List(list), List(inner) | Pair(inner)) => {
            list.iter().all(|json| is_plain(json, inner))
        }
        (Json::Number(number), _) => number
            .parse::<i64>()
            .is_ok_and(|n| n.to_string() == *number),
        _ => true,
    }
}

/// `json` as a client would have written it, for a type whose fields it gives once: every field in
/// its right spelling, none that is null, lists where Go also takes a text. What the type does not
/// have stays as it is.
#[must_use]
pub fn rewritten(json: &Json, kind: &Type) -> Json {
    match (json, kind.behind_pointers()) {
        (Json::Object(object), kind @ Struct(_)) => Json::Object(
            object
                .iter()
                .filter_map(|(key, json)| match (kind.field(key), json) {
                    (Some(_), Json::Null) => None,
                    (Some((name, kind)), json) => Some(((*name).to_owned(), rewritten(json, kind))),
                    (None, json) => Some((key.clone(), json.clone())),
                })
                .collect(),
        ),
        (Json::Object(object), Map(inner)) => Json::Object(
            object
                .iter()
                .map(|(key, json)| (key.clone(), element(json, inner)))
                .collect(),
        ),
        (Json::List(list), List(inner)) => {
            Json::List(list.iter().map(|json| element(json, inner)).collect())
        }
        (Json::List(list), TextOrList) => {
            Json::List(list.iter().map(|json| element(json, &Text)).collect())
        }
        (Json::Text(_), TextOrList) => Json::List(vec![json.clone()]),
        _ => json.clone(),
    }
}

/// An entry of a list or a map, which a null leaves at its zero value.
fn element(json: &Json, kind: &Type) -> Json {
    match (json, kind.behind_pointers()) {
        (Json::Null, Text) => Json::Text(String::new()),
        (Json::Null, Struct(_) | Map(_)) => Json::Object(Vec::new()),
        (Json::Null, List(_)) => Json::List(Vec::new()),
        (json, kind) => rewritten(json, kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go;

    fn json(text: &str) -> Json {
        go::parse(text.as_bytes()).unwrap().json
    }

    #[test]
    fn plain_is_what_a_client_writes() {
        let plain = |text: &str| is_plain(&json(text), &CREATE);
        assert!(plain(
            r#"{"Image":"a","HostConfig":{"Memory":5,"Sysctls":{"a":"b"},"Init":null}}"#
        ));
        for text in [
            r#"{"image":"a"}"#,
            r#"{"Image":"a","Image":"a"}"#,
            r#"{"Later":null}"#,
            r#"{"HostConfig":{"Memory":-0}}"#,
            r#"{"HostConfig":{"Mounts":[{"type":"bind"}]}}"#,
            r#"{"HostConfig":{"Sysctls":{"a":"b","a":"b"}}}"#,
        ] {
            assert!(!plain(text), "{text}");
        }
    }

    #[test]
    fn anything_can_be_rewritten_plainly() {
        let text = r#"{"imAge":"a","HostConfig":{"capadd":"A","Binds":["a",null],"Mounts":[null],
            "Memory":null,"Later":null,"Tmpfs":{"/A":null}}}"#;
        let plain = r#"{"Image":"a","HostConfig":{"CapAdd":["A"],"Binds":["a",""],"Mounts":[{}],
            "Later":null,"Tmpfs":{"/A":""}}}"#;
        assert_eq!(rewritten(&json(text), &CREATE), json(plain));
    }
}
