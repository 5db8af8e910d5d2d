//! `swarm-administration`: the Swarm and its nodes stay as they are.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "swarm-administration",
    title: "refuses to make, join, leave, unlock or change a Swarm, and to change its nodes",
    why: "the managers of a Swarm start containers on every node, and no plugin is asked about these",
    fix: "have the operator of the host do it",
    options: &[],
    references: References {
        guide: "",
        cis: "5.1",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["swarm_change"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    call.swarm_change()
        .map(|change| Finding::new(format!("it {change}"), META.fix))
        .into_iter()
        .collect()
}
