//! `default-bridge`: a network that somebody chose.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::{Call, NamespaceMode};

pub(super) static META: Meta = Meta {
    id: "default-bridge",
    title: "refuses containers on the default bridge `docker0`",
    why: "every container that named no network sits on it, and they all reach each other",
    fix: "add --network=NAME with a network of its own, or --network=none",
    options: &[],
    references: References {
        guide: "5.1, 5.3",
        cis: "5.30",
        pss: "",
        anssi: "R3, R4",
    },
    exemptible: true,
    views: &["namespaces"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    call.namespaces()
        .into_iter()
        .flatten()
        .find_map(|namespace| match &namespace.mode {
            NamespaceMode::DefaultBridge => Some(Finding::new(
                format!("`{}` is the default bridge", namespace.field),
                META.fix,
            )),
            NamespaceMode::NetworkId(id) => Some(Finding::new(
                format!(
                    "`{}` is `{id}`, which may be the id of the default bridge",
                    namespace.field
                ),
                "use a network with a name that is no hexadecimal number",
            )),
            NamespaceMode::Host
            | NamespaceMode::Container(_)
            | NamespaceMode::Shareable
            | NamespaceMode::Own => None,
        })
        .into_iter()
        .collect()
}
