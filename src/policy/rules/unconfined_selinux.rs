//! `unconfined-selinux`: the daemon's SELinux labels stay on.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References, privileged_switches_off};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "unconfined-selinux",
    title: "refuses containers without SELinux labels, or with a user, role or type that is not in `types`",
    why: "the label is what keeps a process that got out of its container away from the host's files",
    fix: "remove --security-opt label=",
    options: &[("types", "SELinux types that may be chosen")],
    references: References {
        guide: "9.2",
        cis: "5.3",
        pss: "baseline",
        anssi: "",
    },
    exemptible: true,
    views: &["privileged", "confinement"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    types: Vec<String>,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let mut findings: Vec<Finding> = privileged_switches_off(call, "SELinux")
        .into_iter()
        .collect();
    for label in call.confinement().map_or(&[][..], |c| c.labels.as_slice()) {
        match label.split_once(':') {
            None if label == "disable" => findings.push(Finding::new(
                "SELinux is switched off",
                "remove --security-opt label=disable",
            )),
            // Levels and file labels only separate containers from each other.
            Some(("level" | "filetype", _)) => {}
            Some(("type", name)) if options.types.iter().any(|allowed| allowed == name) => {}
            Some(_) | None => findings.push(Finding::new(
                format!("it chooses the SELinux label `{label}`"),
                META.fix,
            )),
        }
    }
    findings
}
