//! Networks: which of them reach an interface of the host, and what a container is connected to.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::json::{self, Notes};
use super::views::{HostLink, Link, Namespace, NamespaceKind, NamespaceMode, Views};
use super::{Call, Kind, Read, fields};

/// Reads the body of a network create.
pub(super) fn create(body: &[u8]) -> Read {
    let (wire, notes): (NetworkCreate, Notes) = json::read(body, fields::sort)?;
    let (unknown_fields, notes) = notes.split();
    let mut host_links = Vec::new();
    // moby libnetwork/controller.go NewNetwork: a network that only holds configuration has no driver.
    if !wire.config_only && !OWN_DRIVERS.contains(&wire.driver.as_str()) {
        host_links.push(HostLink {
            field: "Driver".to_owned(),
            link: Link::Driver(wire.driver.clone()),
        });
    }
    // For every driver: a network of configuration only hands its options on to any other.
    for option in INTERFACE_OPTIONS {
        if let Some(name) = wire.options.get(*option).filter(|name| !name.is_empty()) {
            host_links.push(HostLink {
                field: format!("Options.{option}"),
                link: Link::Interface(name.clone()),
            });
        }
    }
    // moby libnetwork/drivers/bridge: without a name the default bridge is `docker0`.
    if let Some(value) = wire.options.get(DEFAULT_BRIDGE)
        && !matches!(value.as_str(), "" | "false")
    {
        host_links.push(HostLink {
            field: format!("Options.{DEFAULT_BRIDGE}"),
            link: Link::Interface("docker0".to_owned()),
        });
    }
    let call = Call::new(
        Kind::Network,
        Views {
            host_links: Some(host_links),
            unknown_fields: Some(unknown_fields),
            ..Views::default()
        },
    )
    .named(&wire.name);
    Ok((call, notes))
}

/// Drivers whose networks are apart from the host, as long as no option ties them to an interface.
// moby libnetwork/drivers_linux.go: bridge, ipvlan, macvlan, overlay, and the two predefined ones.
const OWN_DRIVERS: &[&str] = &["", "bridge", "ipvlan", "macvlan", "none", "null", "overlay"];

/// Options that name an interface or a bridge of the host.
// moby libnetwork/drivers/{macvlan,ipvlan}: `parent`; libnetwork/drivers/bridge/labels.go.
const INTERFACE_OPTIONS: &[&str] = &[
    "com.docker.network.bridge.name",
    "com.docker.network.bridge.trusted_host_interfaces",
    "parent",
];

/// Makes a network the daemon's default bridge.
const DEFAULT_BRIDGE: &str = "com.docker.network.bridge.default_bridge";

/// Reads the body of a connect; `network` is the network of its path.
pub(super) fn connect(body: &[u8], network: &str) -> Read {
    let (wire, notes): (NetworkConnect, Notes) = json::read(body, fields::sort)?;
    let (unknown_fields, notes) = notes.split();
    let endpoint = wire.endpoint_config.unwrap_or_default();
    let mut namespaces = vec![Namespace {
        kind: NamespaceKind::Network,
        mode: mode(network),
        field: "the network".to_owned(),
    }];
    namespaces.extend(endpoint.namespace("EndpointConfig"));
    let call = Call::new(
        Kind::Connection,
        Views {
            namespaces: Some(namespaces),
            sysctls: Some(endpoint.sysctls()),
            unknown_fields: Some(unknown_fields),
            ..Views::default()
        },
    );
    Ok((call, notes))
}

/// What a network mode, or the name of a network, gives a container.
// moby api/types/container/hostconfig_unix.go: NetworkMode; the prefix is exact, any text may follow.
pub(super) fn mode(mode: &str) -> NamespaceMode {
    match mode {
        "" | "default" | "bridge" => NamespaceMode::DefaultBridge,
        // moby daemon/network.go FindNetwork: by name, by id, then by any prefix of an id.
        id if is_id(id) => NamespaceMode::NetworkId(id.to_owned()),
        other => shared_mode(other),
    }
}

/// Whether dockerd may take a name for the id of a network of this host, or for its beginning.
pub(super) fn is_id(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a mode of another namespace gives a container.
// moby 20.10 takes `host:anything` for a private namespace, later engines refuse it.
pub(super) fn shared_mode(mode: &str) -> NamespaceMode {
    match mode.split_once(':') {
        Some(("container", name)) => NamespaceMode::Container(name.to_owned()),
        None if mode == "host" => NamespaceMode::Host,
        Some(_) | None => NamespaceMode::Own,
    }
}

/// How a container is attached to one network.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct EndpointSettings {
    #[serde(rename = "NetworkID")]
    pub(super) network_id: String,
    driver_opts: BTreeMap<String, String>,
}

impl EndpointSettings {
    /// The network that it names itself, if that has a meaning; `field` is where it stands.
    // moby daemon/container_operations.go getNetworkID: NetworkID goes before the name.
    pub(super) fn namespace(&self, field: &str) -> Option<Namespace> {
        named_network(format!("{field}.NetworkID"), &self.network_id)
    }

    /// Kernel settings of its interface.
    pub(super) fn sysctls(&self) -> Vec<String> {
        endpoint_sysctls(&self.driver_opts)
    }
}

/// Kernel settings of one interface, which travel as an option of its endpoint.
// moby libnetwork/netlabel/labels.go, 27 and later: EndpointSysctls.
pub(super) fn endpoint_sysctls(options: &BTreeMap<String, String>) -> Vec<String> {
    options
        .get("com.docker.network.endpoint.sysctls")
        .map(|list| {
            list.split(',')
                .map(|pair| pair.split_once('=').map_or(pair, |(key, _)| key).to_owned())
                .collect()
        })
        .unwrap_or_default()
}

/// A network that a request names beside the network mode; none where the name is empty or tells
/// nothing.
pub(super) fn named_network(field: String, name: &str) -> Option<Namespace> {
    if name.is_empty() {
        return None;
    }
    match mode(name) {
        NamespaceMode::Own | NamespaceMode::Shareable => None,
        mode @ (NamespaceMode::Host
        | NamespaceMode::Container(_)
        | NamespaceMode::DefaultBridge
        | NamespaceMode::NetworkId(_)) => Some(Namespace {
            kind: NamespaceKind::Network,
            mode,
            field,
        }),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct NetworkCreate {
    name: String,
    driver: String,
    config_only: bool,
    options: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct NetworkConnect {
    endpoint_config: Option<EndpointSettings>,
}
