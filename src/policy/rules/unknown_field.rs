//! `unknown-field`: no host setting that lockgate does not know.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "unknown-field",
    title: "refuses fields that are set and that lockgate does not know",
    why: "a newer engine may take the field, and nobody here can say what it opens",
    fix: "leave the field out, or bring lockgate up to date",
    options: &[("allow", "fields that may be set, as a refusal names them")],
    references: References {
        guide: "",
        cis: "",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["unknown_fields"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    allow: Vec<String>,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    call.unknown_fields()
        .into_iter()
        .flatten()
        .filter(|field| !options.allow.contains(field))
        .map(|field| Finding::new(format!("lockgate does not know `{field}`"), META.fix))
        .collect()
}
