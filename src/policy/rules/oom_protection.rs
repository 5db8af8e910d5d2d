//! `oom-protection`: no container is spared when memory runs out.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "oom-protection",
    title: "refuses a disabled OOM killer and an OOM score below zero",
    why: "when memory runs out, the kernel then kills the host's own programs first",
    fix: "remove --oom-kill-disable and --oom-score-adj",
    options: &[],
    references: References {
        guide: "",
        cis: "",
        pss: "",
        anssi: "R10",
    },
    exemptible: true,
    views: &["oom"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    let Some(oom) = call.oom() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if oom.kill_disabled {
        findings.push(Finding::new(
            "`OomKillDisable` is true",
            "remove --oom-kill-disable",
        ));
    }
    let score = oom.score_adj;
    if score.value < 0 {
        findings.push(Finding::new(
            format!("`{}` is {}", score.field, score.value),
            "remove --oom-score-adj",
        ));
    }
    findings
}
