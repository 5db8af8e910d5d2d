//! `host-network`: a network namespace of its own.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References, host_namespace};
use crate::docker::{Call, Link, NamespaceKind};

pub(super) static META: Meta = Meta {
    id: "host-network",
    title: "refuses the host's network namespace, in networks named in NetworkingConfig too, and networks tied to an interface of the host",
    why: "the container sees every interface of the host and reaches what listens on its loopback",
    fix: "remove --network=host; use a network of its own, or none",
    options: &[(
        "interfaces",
        "interfaces and bridges of the host that a network may be tied to (`parent`, `com.docker.network.bridge.name`)",
    )],
    references: References {
        guide: "5.2",
        cis: "5.10",
        pss: "baseline",
        anssi: "R5",
    },
    exemptible: true,
    views: &["namespaces", "host_links"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    interfaces: Vec<String>,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let mut findings = host_namespace(call, NamespaceKind::Network, "remove --network=host");
    for tie in call.host_links().into_iter().flatten() {
        let field = &tie.field;
        findings.push(match &tie.link {
            Link::Interface(name) if options.interfaces.contains(name) => continue,
            Link::Interface(name) => Finding::new(
                format!("`{field}` ties the network to `{name}`, an interface of the host or a bridge that may be there"),
                "leave the option out, or ask for the interface to be allowed",
            ),
            Link::Driver(name) => Finding::new(
                format!("`{field}` is `{name}`, which may reach the host's interfaces"),
                "use the driver bridge, or overlay in a Swarm",
            ),
            Link::NetworkId(id) => Finding::new(
                format!("`{field}` is `{id}`, by which Docker may find the host's own network"),
                "run docker network ls first, so that lockgate sees which network it is, and give the whole id; or use a name with a hyphen or underscore",
            ),
        });
    }
    findings
}
