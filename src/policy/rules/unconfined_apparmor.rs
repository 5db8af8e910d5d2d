//! `unconfined-apparmor`: the daemon's AppArmor profile stays on.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References, privileged_switches_off};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "unconfined-apparmor",
    title: "refuses containers without AppArmor, or with a profile that is not in `profiles`",
    why: "the profile keeps the container from mounting and from writing to /proc and /sys; other profiles of a host may allow everything",
    fix: "remove --security-opt apparmor=",
    options: &[("profiles", "names of profiles that may be chosen")],
    references: References {
        guide: "9.2",
        cis: "5.2",
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
    let mut findings: Vec<Finding> = privileged_switches_off(call, "AppArmor")
        .into_iter()
        .collect();
    match call
        .confinement()
        .and_then(|confinement| confinement.apparmor.as_deref())
    {
        Some("unconfined") => findings.push(Finding::new(
            "AppArmor is switched off",
            "remove --security-opt apparmor=unconfined",
        )),
        Some(name) if !options.profiles.iter().any(|profile| profile == name) => {
            findings.push(Finding::new(
                format!("it chooses the AppArmor profile `{name}`"),
                META.fix,
            ));
        }
        Some(_) | None => {}
    }
    findings
}
