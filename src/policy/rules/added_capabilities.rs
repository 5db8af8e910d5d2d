//! `added-capabilities`: nothing is added but what the policy allows.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, Capability};

pub(super) static META: Meta = Meta {
    id: "added-capabilities",
    title: "refuses capabilities beyond `allow`; ALL and those of `sensitive` always",
    why: "a capability is a part of root's power, and some of them are all of it",
    fix: "remove --cap-add, or ask for the capability to be allowed",
    options: &[
        ("allow", "capabilities that may be added"),
        (
            "sensitive",
            "capabilities that may never be added, even when `allow` has them",
        ),
    ],
    references: References {
        guide: "3",
        cis: "5.4",
        pss: "baseline",
        anssi: "R8",
    },
    exemptible: true,
    views: &["capabilities"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    allow: Vec<Capability>,
    sensitive: Vec<Capability>,
}

impl Options {
    pub(super) fn lint(&self) -> Vec<String> {
        self.allow
            .iter()
            .filter(|capability| self.sensitive.contains(capability))
            .map(|capability| {
                format!(
                    "added-capabilities: `{capability}` in `allow` has no effect, since `sensitive` has it too"
                )
            })
            .collect()
    }
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let mut found: Vec<String> = Vec::new();
    let mut flags = Vec::new();
    for capability in call.capabilities().map_or(&[][..], |c| c.add.as_slice()) {
        let note = match capability {
            Capability::Other(_) => " (which lockgate does not know)",
            Capability::Named(_) if options.sensitive.contains(capability) => " (sensitive)",
            Capability::Named(_) if options.allow.contains(capability) => continue,
            Capability::Named(_) | Capability::All => "",
        };
        found.push(format!("{capability}{note}"));
        flags.push(format!("--cap-add={capability}"));
    }
    if found.is_empty() {
        return Vec::new();
    }
    vec![Finding::new(
        format!("it adds {}", found.join(", ")),
        format!("remove {}", flags.join(" ")),
    )]
}
