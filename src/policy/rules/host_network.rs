//! `host-network`: a network namespace of its own.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References, host_namespace};
use crate::docker::{Call, NamespaceKind};

pub(super) static META: Meta = Meta {
    id: "host-network",
    title: "refuses the host's network namespace, in networks named in NetworkingConfig too",
    why: "the container sees every interface of the host and reaches what listens on its loopback",
    fix: "remove --network=host; use a network of its own, or none",
    options: &[],
    references: References {
        guide: "5.2",
        cis: "5.10",
        pss: "baseline",
        anssi: "R5",
    },
    exemptible: true,
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    host_namespace(call, NamespaceKind::Network, "remove --network=host")
}
