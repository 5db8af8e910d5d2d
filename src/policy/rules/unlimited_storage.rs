//! `unlimited-storage`: a writable root file system has a size.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "unlimited-storage",
    title: "refuses a writable root file system without a size",
    why: "one container can fill the disk that all containers, and often the host, live on",
    fix: "add --storage-opt size=10G, where the storage driver has quotas, or --read-only",
    options: &[],
    references: References {
        guide: "7.5",
        cis: "",
        pss: "",
        anssi: "R14",
    },
    exemptible: true,
    views: &["read_only_root", "root_size"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    let writable = call.read_only_root() == Some(&false);
    let unbounded = call.root_size() == Some(&false);
    if writable && unbounded {
        vec![Finding::new(
            "its root file system is writable and has no size",
            META.fix,
        )]
    } else {
        Vec::new()
    }
}
