//! Swarm services: dockerd makes their containers without asking again, so they are judged here.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::capability::Capability;
use super::confinement::{Confinement, Seccomp, sha256};
use super::image::ImageRef;
use super::json::{self, Notes};
use super::mount::{self, Mount, MountWire};
use super::network::{endpoint_sysctls, named_network};
use super::ulimit::Ulimit;
use super::views::{
    Amount, Capabilities, Cpu, HostLink, Link, Memory, Namespace, NamespaceKind, NamespaceMode,
    Oom, Otherwise, Pids, PluginChange, Port, Ports, Replaced, Setting, User, Views, Zero,
};
use super::{ApiVersion, Call, Host, Kind, Query, Read, fields};

/// Reads the specification of a service.
pub(super) fn read(
    body: &[u8],
    query: &Query,
    version: Option<&ApiVersion>,
    host: &dyn Host,
) -> Read {
    let (wire, notes): (Wire, Notes) = json::read(body, fields::sort)?;
    let (unknown_fields, notes) = notes.split();
    let name = wire.name.clone();
    let mut views = wire.views(version, unknown_fields, host);
    // moby daemon/cluster/services.go UpdateService: `previous`, or nothing; others are errors.
    if !matches!(query.first("rollback"), "" | "none") {
        views.replaced = Some(Replaced::Earlier);
    }
    Ok((Call::new(Kind::Service, views).named(&name), notes))
}

/// What an API version makes dockerd leave out of a specification.
///
/// Without a version the daemon takes its newest, which nobody here knows: what weakens counts as
/// taken, and what hardens counts only where every engine takes it.
// moby daemon/server/router/swarm/helpers.go adjustForAPIVersion.
#[derive(Clone, Copy)]
struct Takes<'v>(Option<&'v ApiVersion>);

impl Takes<'_> {
    fn from(self, minor: u64) -> bool {
        !self.0.is_some_and(|version| version.is_below(1, minor))
    }

    fn sysctls(self) -> bool {
        self.from(40)
    }

    /// `CapabilityAdd`, `CapabilityDrop`, `Ulimits` and `Limits.Pids`.
    fn capabilities(self) -> bool {
        self.from(41)
    }

    /// `Privileges.Seccomp` and `Privileges.AppArmor`, which only weaken.
    fn profiles(self) -> bool {
        self.from(44)
    }

    /// `Privileges.NoNewPrivileges`, which only hardens.
    fn no_new_privileges(self) -> bool {
        self.0.is_some() && self.from(44)
    }

    fn swap(self) -> bool {
        self.from(52)
    }
}

impl Wire {
    fn views(
        self,
        version: Option<&ApiVersion>,
        unknown_fields: Vec<String>,
        host: &dyn Host,
    ) -> Views {
        let takes = Takes(version);
        let task = self.task_template;
        let plugin = task.plugin_spec.map(|plugin| PluginChange {
            verb: "installs",
            existing: String::new(),
            new: vec![plugin.name, plugin.remote],
        });
        // moby daemon/cluster/services.go CreateService: a service of this kind has no containers.
        if task.runtime == "plugin" && plugin.is_some() {
            return Views {
                plugin,
                unknown_fields: Some(unknown_fields),
                ..Views::default()
            };
        }
        // moby daemon/cluster/networks.go populateNetworkID: those of the task go first.
        let networks = if task.networks.is_empty() {
            Networks {
                field: "Networks",
                list: self.networks,
                taken: !takes.from(44),
            }
        } else {
            Networks {
                field: "TaskTemplate.Networks",
                list: task.networks,
                taken: true,
            }
        };
        let spec = task.container_spec.unwrap_or_default();
        let resources = task.resources.unwrap_or_default();
        let limits = resources.limits.unwrap_or_default();
        Views {
            image: Some(ImageRef::parse(&spec.image)),
            namespaces: Some(networks.namespaces(host)),
            host_links: Some(networks.host_links(host)),
            capabilities: Some(spec.capabilities(takes)),
            memory: Some(limits.memory(resources.swap_bytes.filter(|_| takes.swap()), host)),
            cpu: Some(limits.cpu(&spec.ulimits, takes, host)),
            pids: Some(Pids {
                field: "TaskTemplate.Resources.Limits.Pids",
                limit: Some(limits.pids).filter(|pids| takes.capabilities() && *pids != 0),
                zero: Zero::Unlimited,
            }),
            read_only_root: Some(spec.read_only),
            mounts: Some(spec.mounts(host)),
            confinement: Some(spec.privileges.unwrap_or_default().confinement(takes)),
            ports: Some(self.endpoint_spec.unwrap_or_default().ports()),
            log_driver: Some(Setting {
                field: "TaskTemplate.LogDriver.Name",
                value: task.log_driver.unwrap_or_default().name,
            }),
            sysctls: Some(
                networks
                    .sysctls()
                    .chain(spec.sysctls.into_keys().filter(|_| takes.sysctls()))
                    .collect(),
            ),
            user: Some(User {
                user: Setting {
                    field: "TaskTemplate.ContainerSpec.User",
                    value: spec.user,
                },
                groups: spec.groups,
                groups_field: "TaskTemplate.ContainerSpec.Groups",
                otherwise: Otherwise::Image,
            }),
            oom: Some(Oom {
                kill_disabled: false,
                score_adj: Amount {
                    field: "TaskTemplate.ContainerSpec.OomScoreAdj",
                    value: if takes.from(46) {
                        spec.oom_score_adj
                    } else {
                        0
                    },
                },
            }),
            plugin,
            unknown_fields: Some(unknown_fields),
            ..Views::default()
        }
    }
}

/// The networks of a service, and where they stand in the request.
struct Networks {
    field: &'static str,
    list: Vec<NetworkAttachment>,
    /// Whether every engine takes them from there.
    // moby 29 daemon/server/router/swarm/helpers.go adjustForAPIVersion: the old place below 1.44.
    taken: bool,
}

impl Networks {
    fn namespaces(&self, host: &dyn Host) -> Vec<Namespace> {
        // moby daemon/cluster/executor/container: no network leaves the network mode empty.
        let default = (self.list.is_empty() || !self.taken).then(|| Namespace {
            kind: NamespaceKind::Network,
            mode: NamespaceMode::DefaultBridge,
            field: "TaskTemplate.Networks".to_owned(),
        });
        self.targets()
            .filter_map(|(field, target)| match target {
                id if may_be_id(id, host) => Some(Namespace {
                    kind: NamespaceKind::Network,
                    mode: NamespaceMode::NetworkId(id.to_owned()),
                    field,
                }),
                name => named_network(field, name),
            })
            .chain(default)
            .collect()
    }

    /// The host's own network has an id in the Swarm, too, and any beginning of an id will do.
    fn host_links(&self, host: &dyn Host) -> Vec<HostLink> {
        self.targets()
            .filter(|(_, target)| may_be_id(target, host))
            .map(|(field, target)| HostLink {
                field,
                link: Link::NetworkId(target.to_owned()),
            })
            .collect()
    }

    fn sysctls(&self) -> impl Iterator<Item = String> {
        self.list
            .iter()
            .flat_map(|network| endpoint_sysctls(&network.driver_opts))
    }

    fn targets(&self) -> impl Iterator<Item = (String, &str)> {
        self.list.iter().enumerate().map(|(index, network)| {
            (
                format!("{}[{index}].Target", self.field),
                network.target.as_str(),
            )
        })
    }
}

/// Whether a target may lead to the host's own network by its id.
///
/// A short name without a hyphen, an underscore, a dot or a capital is the beginning of an id where no
/// network has that name, which nobody here knows.
// moby daemon/cluster/helpers.go getNetwork: a whole id, then a name, then any unique beginning of an
// id; swarmkit identity: ids are 25 digits and small letters, those of local networks 64.
fn may_be_id(target: &str, host: &dyn Host) -> bool {
    let predefined = matches!(target, "" | "host" | "bridge" | "none");
    !predefined
        && target
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
        && !host.is_swarm_network(target)
}

impl ContainerSpec {
    fn capabilities(&self, takes: Takes<'_>) -> Capabilities {
        if !takes.capabilities() {
            return Capabilities {
                ignored: true,
                ..Capabilities::default()
            };
        }
        let read = |names: &[String]| names.iter().map(|name| Capability::parse(name)).collect();
        Capabilities {
            add: read(&self.capability_add),
            drop: read(&self.capability_drop),
            ignored: false,
        }
    }

    fn mounts(&self, host: &dyn Host) -> Vec<Mount> {
        self.mounts
            .iter()
            .enumerate()
            .map(|(index, mount)| {
                let field = format!("TaskTemplate.ContainerSpec.Mounts[{index}]");
                // swarmkit template/expand.go: sources and volume options are templates, filled in
                // on the node with labels and names of the caller's choice.
                if mount.is_template() {
                    mount::unreadable(field, "only the node fills its template in".to_owned())
                } else {
                    mount.interpret(field, host)
                }
            })
            .collect()
    }
}

impl Limits {
    fn memory(&self, swap: Option<i64>, host: &dyn Host) -> Memory {
        Memory {
            limit: Amount {
                field: "TaskTemplate.Resources.Limits.MemoryBytes",
                value: self.memory_bytes,
            },
            swap: Amount {
                field: "TaskTemplate.Resources.SwapBytes",
                // moby daemon/cluster/executor/container/container.go resources: without memory.
                value: match swap {
                    None => 0,
                    Some(swap) if swap < 0 => swap,
                    Some(swap) => swap.saturating_add(self.memory_bytes),
                },
            },
            zero: Zero::Unlimited,
            host: host.size(),
        }
    }

    fn cpu(&self, ulimits: &[Ulimit], takes: Takes<'_>, host: &dyn Host) -> Cpu {
        const FIELD: &str = "TaskTemplate.Resources.Limits.NanoCPUs";
        let none = Amount {
            field: FIELD,
            value: 0,
        };
        Cpu {
            nano_cpus: Amount {
                field: FIELD,
                value: self.nano_cpus,
            },
            period: none,
            quota: none,
            realtime_runtime: none,
            realtime_priority: (takes.capabilities() && ulimits.iter().any(Ulimit::is_realtime))
                .then_some("TaskTemplate.ContainerSpec.Ulimits"),
            zero: Zero::Unlimited,
            host: host.size(),
        }
    }
}

impl Privileges {
    fn confinement(self, takes: Takes<'_>) -> Confinement {
        let mut confinement = Confinement {
            no_new_privileges: (self.forbids_new && takes.no_new_privileges()).then_some(true),
            ..Confinement::default()
        };
        if takes.profiles() {
            let seccomp = self.seccomp.unwrap_or_default();
            confinement.seccomp = match seccomp.mode.as_str() {
                "" | "default" => Seccomp::Default,
                "unconfined" => Seccomp::Unconfined,
                _ => Seccomp::Custom {
                    // What is no base64 dockerd does not take either.
                    digest: sha256(&STANDARD.decode(&seccomp.profile).unwrap_or_default()),
                },
            };
            if self.app_armor.unwrap_or_default().mode == "disabled" {
                confinement.apparmor = Some("unconfined".to_owned());
            }
        }
        let label = self.se_linux_context.unwrap_or_default();
        if label.disable {
            confinement.labels.push("disable".to_owned());
        }
        for (key, value) in [
            ("user", label.user),
            ("role", label.role),
            ("type", label.kind),
            ("level", label.level),
        ] {
            if !value.is_empty() {
                confinement.labels.push(format!("{key}:{value}"));
            }
        }
        confinement
    }
}

impl EndpointSpec {
    fn ports(self) -> Ports {
        Ports {
            all: false,
            bindings: self
                .ports
                .into_iter()
                .enumerate()
                .map(|(index, port)| Port {
                    field: format!("EndpointSpec.Ports[{index}]"),
                    // Services publish on every address of every node.
                    host_ip: String::new(),
                    host_port: match port.published_port {
                        0 => String::new(),
                        port => port.to_string(),
                    },
                })
                .collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "ServiceSpec", rename_all = "PascalCase")]
struct Wire {
    name: String,
    task_template: TaskSpec,
    networks: Vec<NetworkAttachment>,
    endpoint_spec: Option<EndpointSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct TaskSpec {
    container_spec: Option<ContainerSpec>,
    plugin_spec: Option<PluginSpec>,
    runtime: String,
    resources: Option<Resources>,
    networks: Vec<NetworkAttachment>,
    log_driver: Option<Driver>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ContainerSpec {
    image: String,
    user: String,
    groups: Vec<String>,
    privileges: Option<Privileges>,
    read_only: bool,
    mounts: Vec<MountWire>,
    sysctls: BTreeMap<String, String>,
    capability_add: Vec<String>,
    capability_drop: Vec<String>,
    ulimits: Vec<Ulimit>,
    oom_score_adj: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Privileges {
    #[serde(rename = "SELinuxContext")]
    se_linux_context: Option<SeLinuxContext>,
    seccomp: Option<SeccompOpts>,
    app_armor: Option<AppArmorOpts>,
    #[serde(rename = "NoNewPrivileges")]
    forbids_new: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct SeLinuxContext {
    disable: bool,
    user: String,
    role: String,
    #[serde(rename = "Type")]
    kind: String,
    level: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct SeccompOpts {
    mode: String,
    profile: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct AppArmorOpts {
    mode: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PluginSpec {
    name: String,
    remote: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Resources {
    limits: Option<Limits>,
    swap_bytes: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Limits {
    #[serde(rename = "NanoCPUs")]
    nano_cpus: i64,
    memory_bytes: i64,
    pids: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct NetworkAttachment {
    target: String,
    driver_opts: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Driver {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct EndpointSpec {
    ports: Vec<PortConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct PortConfig {
    published_port: u32,
}
