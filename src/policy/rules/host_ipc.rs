//! `host-ipc`: an IPC namespace of its own.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References, host_namespace};
use crate::docker::{Call, NamespaceKind};

pub(super) static META: Meta = Meta {
    id: "host-ipc",
    title: "refuses the host's IPC namespace",
    why: "shared memory and message queues of the host's programs lie open to the container",
    fix: "remove --ipc=host",
    options: &[],
    references: References {
        guide: "6.1",
        cis: "5.17",
        pss: "baseline",
        anssi: "R6",
    },
    exemptible: true,
    views: &["namespaces"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    host_namespace(call, NamespaceKind::Ipc, META.fix)
}
