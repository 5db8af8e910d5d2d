//! `new-privileges`: programs inside cannot gain rights.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, Kind};

pub(super) static META: Meta = Meta {
    id: "new-privileges",
    title: "refuses containers without `no-new-privileges`",
    why: "a set-user-id program inside the container gives its caller root's rights there",
    fix: "add --security-opt no-new-privileges",
    options: &[(
        "daemon-default",
        "whether dockerd runs with `no-new-privileges`, so that leaving it out is enough",
    )],
    references: References {
        guide: "",
        cis: "5.26",
        pss: "restricted",
        anssi: "",
    },
    exemptible: true,
    views: &["confinement"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Options {
    pub(super) mode: Mode,
    daemon_default: bool,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let Some(confinement) = call.confinement() else {
        return Vec::new();
    };
    match confinement.no_new_privileges {
        Some(true) => Vec::new(),
        Some(false) => vec![Finding::new(
            "`no-new-privileges` is switched off",
            META.fix,
        )],
        None if options.daemon_default => Vec::new(),
        None => vec![Finding::new(
            "`no-new-privileges` is not set",
            if call.kind() == Kind::Service {
                "set `Privileges.NoNewPrivileges`, with API 1.44 or newer"
            } else {
                META.fix
            },
        )],
    }
}
