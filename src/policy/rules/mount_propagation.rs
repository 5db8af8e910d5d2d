//! `mount-propagation`: mounts do not spread between container and host.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "mount-propagation",
    title: "refuses shared and slave propagation of mounts",
    why: "with shared propagation a mount made in the container appears on the host; with slave, the host's appear in it",
    fix: "remove shared, rshared, slave or rslave from the mount",
    options: &[],
    references: References {
        guide: "3.1",
        cis: "5.20",
        pss: "",
        anssi: "R1",
    },
    exemptible: true,
    views: &["mounts"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    call.mounts()
        .into_iter()
        .flatten()
        .filter(|mount| !matches!(mount.propagation.as_str(), "" | "private" | "rprivate"))
        .map(|mount| {
            Finding::new(
                format!("`{}` has propagation `{}`", mount.field, mount.propagation),
                META.fix,
            )
        })
        .collect()
}
