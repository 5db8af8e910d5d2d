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
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    let Some(oom) = call.oom() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if oom.kill_disabled {
        findings.push(Finding::new(
            "`HostConfig.OomKillDisable` is true",
            "remove --oom-kill-disable",
        ));
    }
    if oom.score_adj < 0 {
        findings.push(Finding::new(
            format!("`HostConfig.OomScoreAdj` is {}", oom.score_adj),
            "remove --oom-score-adj",
        ));
    }
    findings
}
