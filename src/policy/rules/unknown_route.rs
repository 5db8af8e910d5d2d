//! `unknown-route`: no changing call that lockgate does not know.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "unknown-route",
    title: "refuses changing calls that lockgate does not know",
    why: "a newer engine may have them, and nobody here can say what they do",
    fix: "bring lockgate up to date",
    options: &[],
    references: References {
        guide: "",
        cis: "",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["unknown_route"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    call.unknown_route()
        .map(|route| Finding::new(format!("lockgate does not know `{route}`"), META.fix))
        .into_iter()
        .collect()
}
