//! `wide-ports`: ports are published where they are meant to be.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "wide-ports",
    title: "refuses ports published on every address of the host, or below 1024 and not in `allow`",
    why: "Docker opens published ports past the host's firewall, for the whole network",
    fix: "publish on one address: -p 127.0.0.1:8080:80",
    options: &[("allow", "ports below 1024 that may be published")],
    references: References {
        guide: "5.3",
        cis: "5.8, 5.9, 5.14",
        pss: "baseline",
        anssi: "R5",
    },
    exemptible: true,
    views: &["ports"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    allow: Vec<u16>,
}

/// Linux: ports that only root may open.
const FIRST_FREE: u16 = 1024;

/// Whether a port, or a range of ports, has one below 1024 that is not allowed. Empty is any free
/// port, which the kernel takes from above.
fn opens_low_port(text: &str, allowed: &[u16]) -> bool {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(0), Ok(0)) => false,
        (Ok(first), Ok(last)) => {
            (first..=last.min(FIRST_FREE.saturating_sub(1))).any(|port| !allowed.contains(&port))
        }
        _ => !text.is_empty(),
    }
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let Some(ports) = call.ports() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if ports.all {
        findings.push(Finding::new(
            "`PublishAllPorts` is true",
            "remove --publish-all and name the ports",
        ));
    }
    for port in &ports.bindings {
        let shown = format!("`{}`", port.field);
        let wide = match port.host_ip.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_unspecified(),
            Err(_) => true,
        };
        if wide {
            findings.push(Finding::new(
                format!("{shown} is published on every address"),
                META.fix,
            ));
        }
        if opens_low_port(&port.host_port, &options.allow) {
            findings.push(Finding::new(
                format!("{shown} is published on port {}", port.host_port),
                "publish on a port from 1024 up",
            ));
        }
    }
    findings
}
