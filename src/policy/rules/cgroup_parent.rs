//! `cgroup-parent`: the daemon chooses the cgroup.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "cgroup-parent",
    title: "refuses a parent cgroup of the caller's choice",
    why: "another parent takes the container out of the limits that the host sets for all containers",
    fix: "remove --cgroup-parent",
    options: &[],
    references: References {
        guide: "7.1",
        cis: "5.25",
        pss: "",
        anssi: "R9",
    },
    exemptible: true,
    views: &["cgroup_parents"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    call.cgroup_parents()
        .into_iter()
        .flatten()
        .map(|setting| {
            Finding::new(
                format!("`{}` is `{}`", setting.field, setting.value),
                META.fix,
            )
        })
        .collect()
}
