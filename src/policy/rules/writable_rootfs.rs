//! `writable-rootfs`: the root file system is read-only.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "writable-rootfs",
    title: "refuses a writable root file system",
    why: "an attacker can change the program itself, leave tools behind and fill the host's disk",
    fix: "add --read-only, and --tmpfs or a volume where the program writes",
    options: &[],
    references: References {
        guide: "7.4",
        cis: "5.13",
        pss: "",
        anssi: "R12",
    },
    exemptible: true,
    views: &["read_only_root"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    if call.read_only_root() == Some(&false) {
        vec![Finding::new(
            "its root file system is writable",
            "add --read-only",
        )]
    } else {
        Vec::new()
    }
}
