//! `foreign-runtime`: containers run by what the operator chose.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "foreign-runtime",
    title: "refuses runtimes beyond `allow`, and annotations for the runtime beyond `annotations`",
    why: "a runtime runs as root on the host; another one, or an annotation that it obeys, may drop every wall",
    fix: "remove --runtime and --annotation",
    options: &[
        ("allow", "runtimes that may be named"),
        ("annotations", "annotations that may be given"),
    ],
    references: References {
        guide: "",
        cis: "",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["runtime"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    allow: Vec<String>,
    annotations: Vec<String>,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let Some(runtime) = call.runtime() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if !runtime.name.is_empty() && !options.allow.contains(&runtime.name) {
        findings.push(Finding::new(
            format!("`HostConfig.Runtime` is `{}`", runtime.name),
            "remove --runtime",
        ));
    }
    for name in &runtime.annotations {
        if !options.annotations.contains(name) {
            findings.push(Finding::new(
                format!("it has the annotation `{name}` for the runtime"),
                "remove --annotation",
            ));
        }
    }
    findings
}
