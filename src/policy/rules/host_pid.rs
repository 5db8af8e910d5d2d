//! `host-pid`: a process namespace of its own.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References, host_namespace};
use crate::docker::{Call, NamespaceKind};

pub(super) static META: Meta = Meta {
    id: "host-pid",
    title: "refuses the host's process namespace",
    why: "the container sees every process of the host, and may signal and trace those of its user",
    fix: "remove --pid=host",
    options: &[],
    references: References {
        guide: "6.1",
        cis: "5.16",
        pss: "baseline",
        anssi: "R6",
    },
    exemptible: true,
    views: &["namespaces"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    host_namespace(call, NamespaceKind::Pid, META.fix)
}
