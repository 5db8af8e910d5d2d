//! `shared-namespaces`: no namespace of another container.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::{Call, NamespaceMode};

pub(super) static META: Meta = Meta {
    id: "shared-namespaces",
    title: "refuses another container's network, process or IPC namespace, and an IPC namespace that others may join",
    why: "what one container may do, the other may then do too, and a container that was exempted lends its rights",
    fix: "remove --network, --pid and --ipc with `container:` or `shareable`",
    options: &[],
    references: References {
        guide: "6.1",
        cis: "",
        pss: "",
        anssi: "R4, R6",
    },
    exemptible: true,
    views: &["namespaces"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    call.namespaces()
        .into_iter()
        .flatten()
        .filter_map(|namespace| match &namespace.mode {
            NamespaceMode::Container(name) => Some(Finding::new(
                format!("`{}` is that of container `{name}`", namespace.field),
                "give the container a namespace of its own",
            )),
            NamespaceMode::Shareable => Some(Finding::new(
                format!("`{}` lets other containers join", namespace.field),
                "add --ipc=private",
            )),
            NamespaceMode::Host
            | NamespaceMode::DefaultBridge
            | NamespaceMode::NetworkId(_)
            | NamespaceMode::Own => None,
        })
        .collect()
}
