//! `host-user-namespace`: no way out of the daemon's user remapping.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References, host_namespace};
use crate::docker::{Call, NamespaceKind};

pub(super) static META: Meta = Meta {
    id: "host-user-namespace",
    title: "refuses the host's user namespace",
    why: "where the daemon maps users, this makes root in the container root on the host again",
    fix: "remove --userns=host",
    options: &[],
    references: References {
        guide: "6.4",
        cis: "5.31",
        pss: "",
        anssi: "R7",
    },
    exemptible: true,
    views: &["namespaces"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    host_namespace(call, NamespaceKind::User, META.fix)
}
