//! `host-secrets`: reads that give something away.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "host-secrets",
    title: "refuses reads of the daemon's memory, Swarm tokens and keys, and files or streams of containers",
    why: "a join token adds a node of the caller's, the daemon's memory holds credentials, a container's files hold its secrets",
    fix: "have the operator of the host read it",
    options: &[],
    references: References {
        guide: "",
        cis: "",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["host_secret"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    call.host_secret()
        .map(|what| Finding::new(format!("it {what}"), META.fix))
        .into_iter()
        .collect()
}
