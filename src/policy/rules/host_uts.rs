//! `host-uts`: a host name of its own.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References, host_namespace};
use crate::docker::{Call, NamespaceKind};

pub(super) static META: Meta = Meta {
    id: "host-uts",
    title: "refuses the host's UTS namespace",
    why: "the container can read and, with a capability, change the host's name",
    fix: "remove --uts=host",
    options: &[],
    references: References {
        guide: "6.1",
        cis: "5.21",
        pss: "",
        anssi: "R6",
    },
    exemptible: true,
    views: &["namespaces"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    host_namespace(call, NamespaceKind::Uts, META.fix)
}
