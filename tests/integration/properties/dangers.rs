use std::fmt::Write as _;

use lockgate::decision::{Judged, Outcome, decide};
use lockgate::policy::CATALOG;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::{creates, outcome, presets};
use crate::support::{FakeHost, envelope, policy};

/// A way by which a container gets its rights, and what takes a protection away on it: where that
/// stands, from the top of the body, or behind a `?` in the query; and its value.
pub(super) struct Road {
    uri: &'static str,
    dangers: &'static [(&'static str, &'static str)],
}

pub(super) const ROADS: &[Road] = &[
    Road {
        uri: "/v1.41/containers/create?name=web",
        dangers: &[
            ("HostConfig.Privileged", "true"),
            ("HostConfig.CapAdd", r#"["ALL"]"#),
            ("HostConfig.PidMode", r#""host""#),
            ("HostConfig.IpcMode", r#""host""#),
            ("HostConfig.UTSMode", r#""host""#),
            ("HostConfig.UsernsMode", r#""host""#),
            ("HostConfig.CgroupnsMode", r#""host""#),
            ("HostConfig.CgroupParent", r#""/x""#),
            ("HostConfig.NetworkMode", r#""host""#),
            ("HostConfig.MemorySwap", "-1"),
            ("HostConfig.CpuQuota", "-1"),
            ("HostConfig.CpuRealtimeRuntime", "1000"),
            ("HostConfig.PidsLimit", "-1"),
            ("HostConfig.OomKillDisable", "true"),
            ("HostConfig.OomScoreAdj", "-1000"),
            ("HostConfig.Binds", r#"["/:/host"]"#),
            ("HostConfig.Binds", r#"["/srv/data:/x:rshared"]"#),
            (
                "HostConfig.Mounts",
                r#"[{"Type":"bind","Source":"/run/docker.sock","Target":"/x"}]"#,
            ),
            ("HostConfig.VolumesFrom", r#"["other"]"#),
            ("HostConfig.Devices", r#"[{"PathOnHost":"/dev/mem"}]"#),
            ("HostConfig.DeviceCgroupRules", r#"["a *:* rwm"]"#),
            ("HostConfig.DeviceRequests", r#"[{"Count":-1}]"#),
            ("HostConfig.SecurityOpt", r#"["seccomp=unconfined"]"#),
            ("HostConfig.SecurityOpt", r#"["apparmor=unconfined"]"#),
            ("HostConfig.SecurityOpt", r#"["label=disable"]"#),
            ("HostConfig.SecurityOpt", r#"["no-new-privileges=false"]"#),
            ("HostConfig.MaskedPaths", "[]"),
            ("HostConfig.ReadonlyPaths", "[]"),
            ("HostConfig.Sysctls", r#"{"kernel.core_pattern":"|/x"}"#),
            (
                "HostConfig.Ulimits",
                r#"[{"Name":"rtprio","Soft":9,"Hard":9}]"#,
            ),
            ("HostConfig.PublishAllPorts", "true"),
            (
                "HostConfig.PortBindings",
                r#"{"22/tcp":[{"HostPort":"22"}]}"#,
            ),
            ("HostConfig.LogConfig", r#"{"Type":"none"}"#),
            ("HostConfig.GroupAdd", r#"["0"]"#),
            ("HostConfig.Runtime", r#""mine""#),
            ("HostConfig.Annotations", r#"{"a":"b"}"#),
            ("HostConfig.Teleport", "true"),
            ("Privileged", "true"),
            (
                "NetworkingConfig.EndpointsConfig",
                r#"{"a":{"NetworkID":"host"}}"#,
            ),
        ],
    },
    Road {
        uri: "/v1.41/containers/web/update",
        dangers: &[
            ("Memory", "-1"),
            ("MemorySwap", "-1"),
            ("NanoCpus", "1"),
            ("CpuQuota", "-1"),
            ("CpuRealtimeRuntime", "1000"),
            ("PidsLimit", "-1"),
            ("CgroupParent", r#""/x""#),
            ("Devices", r#"[{"PathOnHost":"/dev/mem"}]"#),
            ("Teleport", "true"),
        ],
    },
    Road {
        uri: "/v1.41/containers/web/exec",
        dangers: &[
            ("Privileged", "true"),
            ("User", r#""root""#),
            ("Teleport", "true"),
        ],
    },
    Road {
        uri: "/v1.41/volumes/create",
        dangers: &[
            ("DriverOpts", r#"{"o":"bind","device":"/etc"}"#),
            ("DriverOpts", r#"{"type":"ext4","device":"/dev/sda1"}"#),
            ("Driver", r#""mine""#),
            ("Teleport", "true"),
        ],
    },
    Road {
        uri: "/v1.41/networks/create",
        dangers: &[
            ("Driver", r#""host""#),
            ("Options", r#"{"parent":"eth0"}"#),
            ("Options", r#"{"com.docker.network.bridge.name":"br0"}"#),
            ("Teleport", "true"),
        ],
    },
    Road {
        uri: "/v1.41/networks/inner/connect",
        dangers: &[
            ("EndpointConfig.NetworkID", r#""host""#),
            (
                "EndpointConfig.DriverOpts",
                r#"{"com.docker.network.endpoint.sysctls":"kernel.x=1"}"#,
            ),
            ("EndpointConfig.Teleport", "true"),
        ],
    },
    Road {
        uri: "/v1.46/services/create",
        dangers: &[
            ("TaskTemplate.ContainerSpec.CapabilityAdd", r#"["ALL"]"#),
            ("TaskTemplate.ContainerSpec.Groups", r#"["0"]"#),
            (
                "TaskTemplate.ContainerSpec.Mounts",
                r#"[{"Type":"bind","Source":"/","Target":"/x"}]"#,
            ),
            (
                "TaskTemplate.ContainerSpec.Privileges.Seccomp.Mode",
                r#""unconfined""#,
            ),
            (
                "TaskTemplate.ContainerSpec.Privileges.AppArmor.Mode",
                r#""disabled""#,
            ),
            (
                "TaskTemplate.ContainerSpec.Privileges.SELinuxContext.Disable",
                "true",
            ),
            (
                "TaskTemplate.ContainerSpec.Sysctls",
                r#"{"kernel.core_pattern":"|/x"}"#,
            ),
            (
                "TaskTemplate.ContainerSpec.Ulimits",
                r#"[{"Name":"rtprio","Soft":9,"Hard":9}]"#,
            ),
            ("TaskTemplate.ContainerSpec.OomScoreAdj", "-1000"),
            ("TaskTemplate.Networks", r#"[{"Target":"host"}]"#),
            ("TaskTemplate.LogDriver.Name", r#""none""#),
            ("TaskTemplate.PluginSpec.remote", r#""mine""#),
            (
                "EndpointSpec.Ports",
                r#"[{"TargetPort":22,"PublishedPort":22,"PublishMode":"host"}]"#,
            ),
            ("Teleport", "true"),
            ("?rollback", "previous"),
        ],
    },
    Road {
        uri: "/v1.41/build?t=mine",
        dangers: &[
            ("?networkmode", "host"),
            ("?cgroupparent", "/x"),
            ("?memswap", "-1"),
            ("?cpuquota", "-1"),
            ("?remote", "https://example.com/x.git"),
            ("?teleport", "1"),
        ],
    },
];

/// What a request on a road may be before anything of it is dangerous: nothing much, or all that a
/// hardened container has.
fn bases(uri: &'static str) -> BoxedStrategy<Value> {
    let task = json!({
        "ContainerSpec": {
            "Image": "alpine",
            "User": "1000:1000",
            "ReadOnly": true,
            "CapabilityDrop": ["ALL"],
            "Privileges": {"NoNewPrivileges": true},
        },
        "Resources": {"Limits": {"MemoryBytes": 64 << 20, "NanoCPUs": 10_000_000, "Pids": 64}},
        "Networks": [{"Target": "inner"}],
    });
    let hardened = match uri {
        _ if uri.contains("/containers/create") => return creates().boxed(),
        _ if uri.contains("/update") => json!({"NanoCpus": 10_000_000}),
        _ if uri.contains("/exec") => json!({"Cmd": ["sh"], "User": "1000"}),
        _ if uri.contains("/connect") => json!({"Container": "web"}),
        _ if uri.contains("/services") => json!({"Name": "web", "TaskTemplate": task}),
        _ if uri.contains("/networks/create") => json!({"Name": "web", "Driver": "bridge"}),
        _ => json!({"Name": "web"}),
    };
    select(vec![hardened, json!({})]).boxed()
}

/// A request on one of the roads, with any of its dangers.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    uri: String,
    body: Value,
}

impl Asked {
    pub(super) fn envelope(&self) -> Vec<u8> {
        let body = self.body.to_string();
        // The body of a build is an archive, which no plugin is shown.
        let body = Some(body.as_bytes()).filter(|_| !self.uri.contains("/build"));
        envelope("POST", &self.uri, body)
    }

    /// Puts a danger in beside what is there: longer lists, fuller maps, nothing replaced. Without
    /// a place for it there is no such request.
    fn with(&self, (path, value): (&str, &str)) -> Option<Self> {
        let mut asked = self.clone();
        if let Some(name) = path.strip_prefix('?') {
            if self.uri.contains(&format!("{name}=")) {
                return None;
            }
            let mark = if self.uri.contains('?') { '&' } else { '?' };
            write!(asked.uri, "{mark}{name}={value}").unwrap();
            return Some(asked);
        }
        let mut place = &mut asked.body;
        for name in path.split('.') {
            place = place.as_object_mut()?.entry(name).or_insert(Value::Null);
            if place.is_null() && !path.ends_with(name) {
                *place = Map::new().into();
            }
        }
        match (place, serde_json::from_str(value).unwrap()) {
            (place @ Value::Null, value) => *place = value,
            (Value::Array(list), Value::Array(more)) => list.extend(more),
            (Value::Object(map), Value::Object(more)) => {
                if more.keys().any(|key| map.contains_key(key)) {
                    return None;
                }
                map.extend(more);
            }
            _ => return None,
        }
        Some(asked)
    }
}

impl Road {
    /// Requests with any of the dangers of this road.
    fn asked(&'static self) -> impl Strategy<Value = Asked> {
        let many = 0..=self.dangers.len().min(4);
        (bases(self.uri), subsequence(self.dangers, many)).prop_map(|(body, dangers)| {
            let plain = Asked {
                uri: self.uri.to_owned(),
                body,
            };
            dangers
                .into_iter()
                .fold(plain, |asked, danger| asked.with(danger).unwrap_or(asked))
        })
    }
}

/// A request on any road.
pub(super) fn asked() -> impl Strategy<Value = Asked> {
    (0..ROADS.len()).prop_flat_map(|at| ROADS[at].asked())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_danger_more_never_makes_a_refused_request_allowed(
        (asked, danger) in (0..ROADS.len())
            .prop_flat_map(|at| (ROADS[at].asked(), select(ROADS[at].dangers))),
        preset in presets(),
    ) {
        let Some(more) = asked.with(danger) else {
            return Ok(());
        };
        let before = outcome(&asked.envelope(), &preset.enforce);
        let after = outcome(&more.envelope(), &preset.enforce);
        prop_assert!(before != Outcome::Deny || after == Outcome::Deny, "{danger:?} in {more:?}");
    }
}

#[test]
fn every_danger_is_found_where_every_rule_denies() {
    let rules = CATALOG
        .iter()
        .map(|rule| format!("[rules.{}]\nmode = \"deny\"\n", rule.id));
    let policy = policy(&rules.collect::<String>());
    let found = |asked: &Asked| -> Vec<Judged> {
        let decision = decide(&asked.envelope(), &policy, &FakeHost::default());
        decision.verdict().judged().to_vec()
    };
    for road in ROADS {
        let plain = Asked {
            uri: road.uri.to_owned(),
            body: json!({}),
        };
        let before = found(&plain);
        for danger in road.dangers {
            let after = found(&plain.with(*danger).unwrap());
            assert!(
                after.iter().any(|judged| !before.contains(judged)),
                "{danger:?} on {} is no danger",
                road.uri
            );
        }
    }
}
