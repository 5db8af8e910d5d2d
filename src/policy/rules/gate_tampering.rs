//! `gate-tampering`: nothing that would open the gate itself. No exemption.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, HostPath, MountSource};

pub(super) static META: Meta = Meta {
    id: "gate-tampering",
    title: "refuses changes to lockgate's own plugin, and writable mounts of its files and of dockerd's configuration",
    why: "who can change them can switch the gate off",
    fix: "have the operator of the host change the gate",
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
    views: &["mounts", "plugin"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    paths: Vec<HostPath>,
}

/// Whether a managed plugin of this name would go before the gate, or is the gate.
// moby plugin/store.go: a managed plugin goes before one with a socket.
fn is_gate(name: &str) -> bool {
    let name = name.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    last.split(':').next() == Some("lockgate")
}

// moby plugin/store.go resolvePluginID: a name with or without its tag, then any beginning of an id.
fn may_be_id(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(plugin) = call.plugin() {
        let touched = std::iter::once(&plugin.existing)
            .filter(|name| is_gate(name) || may_be_id(name))
            .chain(plugin.new.iter().filter(|name| is_gate(name)))
            .next();
        findings.extend(touched.map(|name| {
            Finding::new(
                format!(
                    "it {} the plugin `{name}`, which is or may be the gate",
                    plugin.verb
                ),
                META.fix,
            )
        }));
    }
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
                "remove the mount",
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
                "remove the mount",
            ));
        }
    }
    findings
}
