//! `unconfined-seccomp`: the daemon's system call filter stays on.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References, privileged_switches_off};
use crate::docker::{Call, Seccomp};

pub(super) static META: Meta = Meta {
    id: "unconfined-seccomp",
    title: "refuses containers without seccomp, or with a profile that is not in `profiles`",
    why: "the default profile keeps system calls away that break out of containers; a profile of the caller's may allow them all",
    fix: "remove --security-opt seccomp=",
    options: &[(
        "profiles",
        "digests (`sha256:…`) of profiles that may be brought along; a refusal names the digest",
    )],
    references: References {
        guide: "9.1",
        cis: "5.22",
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
    profiles: Vec<String>,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let mut findings: Vec<Finding> = privileged_switches_off(call, "seccomp")
        .into_iter()
        .collect();
    match call.confinement().map(|confinement| &confinement.seccomp) {
        Some(Seccomp::Unconfined) => findings.push(Finding::new(
            "seccomp is switched off",
            "remove --security-opt seccomp=unconfined",
        )),
        Some(Seccomp::Custom { digest }) if !options.profiles.contains(digest) => {
            findings.push(Finding::new(
                format!("it brings a seccomp profile of its own ({digest})"),
                "remove --security-opt seccomp=, or ask for the digest to be added to `profiles`",
            ));
        }
        Some(Seccomp::Custom { .. } | Seccomp::Default) | None => {}
    }
    findings
}
