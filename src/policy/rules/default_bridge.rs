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
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    call.namespaces()
        .into_iter()
        .flatten()
        .find(|namespace| namespace.mode == NamespaceMode::DefaultBridge)
        .map(|namespace| {
            Finding::new(
                format!("`{}` is the default bridge", namespace.field),
                META.fix,
            )
        })
        .into_iter()
        .collect()
}
