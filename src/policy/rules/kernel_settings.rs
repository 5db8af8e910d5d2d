//! `kernel-settings`: only harmless settings of the kernel.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "kernel-settings",
    title: "refuses kernel settings (sysctls) beyond `allow`",
    why: "a setting that is not bound to the container's namespaces changes the host",
    fix: "remove --sysctl, or ask for the setting to be allowed",
    options: &[(
        "allow",
        "settings that may be changed, as `net.ipv4.tcp_syncookies`",
    )],
    references: References {
        guide: "",
        cis: "",
        pss: "baseline",
        anssi: "",
    },
    exemptible: true,
    views: &["sysctls"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    allow: Vec<String>,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    call.sysctls()
        .into_iter()
        .flatten()
        .filter(|name| !options.allow.contains(name))
        .map(|name| Finding::new(format!("it changes the kernel setting `{name}`"), META.fix))
        .collect()
}
