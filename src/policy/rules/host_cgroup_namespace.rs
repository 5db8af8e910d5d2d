//! `host-cgroup-namespace`: a cgroup namespace of its own.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References, host_namespace};
use crate::docker::{Call, NamespaceKind};

pub(super) static META: Meta = Meta {
    id: "host-cgroup-namespace",
    title: "refuses the host's cgroup namespace, where a request asks for it; on cgroup version 1 it is also the daemon's own default (default-cgroupns-mode)",
    why: "the container sees the cgroups of the whole host, and where it may write, changes them",
    fix: "remove --cgroupns=host (with an API below 1.41: add --cgroupns=private)",
    options: &[],
    references: References {
        guide: "6.4",
        cis: "",
        pss: "",
        anssi: "R9",
    },
    exemptible: true,
    views: &["namespaces"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    host_namespace(call, NamespaceKind::Cgroup, META.fix)
}
