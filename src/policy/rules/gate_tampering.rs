//! `gate-tampering`: nothing that would open the gate itself. No exemption.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, HostPath, MountSource};

pub(super) static META: Meta = Meta {
    id: "gate-tampering",
    title: "refuses writable mounts of lockgate's own files and of dockerd's configuration",
    why: "who can change them can switch the gate off",
    fix: "remove the mount",
    options: &[(
        "paths",
        "files and directories that nobody may change from a container",
    )],
    references: References {
        guide: "1",
        cis: "",
        pss: "",
        anssi: "",
    },
    exemptible: false,
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    paths: Vec<HostPath>,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let mut findings = Vec::new();
    for mount in call.mounts().into_iter().flatten() {
        let MountSource::Host(file) = &mount.source else {
            continue;
        };
        if mount.read_only {
            continue;
        }
        let Ok(resolved) = &file.resolved else {
            findings.push(Finding::new(
                format!(
                    "`{}` opens `{}` for writing, and nobody can say where that leads",
                    mount.field, file.written
                ),
                META.fix,
            ));
            continue;
        };
        let touched = options.paths.iter().find(|own| {
            [&file.written, resolved]
                .iter()
                .any(|path| path.is_within(own) || own.is_within(path))
        });
        if let Some(own) = touched {
            findings.push(Finding::new(
                format!(
                    "`{}` opens `{own}` for writing, on which the gate depends",
                    mount.field
                ),
                META.fix,
            ));
        }
    }
    findings
}
