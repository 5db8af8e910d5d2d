//! `docker-socket`: no container drives a container engine.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, HostPath, MountSource};

pub(super) static META: Meta = Meta {
    id: "docker-socket",
    title: "refuses the socket of Docker or another engine inside a container, and directories that hold one of `sockets`",
    why: "who can talk to the engine can start any container, and so is root on the host",
    fix: "remove the mount",
    options: &[(
        "sockets",
        "sockets, or directories of sockets, beside files with an engine's usual name",
    )],
    references: References {
        guide: "1",
        cis: "5.32",
        pss: "baseline",
        anssi: "R1",
    },
    exemptible: true,
    views: &["mounts"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    sockets: Vec<HostPath>,
}

/// Names that engines give their sockets, wherever they lie.
const NAMES: &[&str] = &[
    "docker.sock",
    "containerd.sock",
    "podman.sock",
    "crio.sock",
    "buildkitd.sock",
];

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let is_socket = |path: &HostPath| {
        NAMES.contains(&path.name())
            || options
                .sockets
                .iter()
                .any(|socket| path.is_within(socket) || socket.is_within(path))
    };
    call.mounts()
        .into_iter()
        .flatten()
        .filter_map(|mount| match &mount.source {
            MountSource::Host(file) => {
                let found = match &file.resolved {
                    Ok(resolved) if is_socket(&file.written) || is_socket(resolved) => {
                        "which is or holds the socket of a container engine"
                    }
                    Ok(_) => return None,
                    Err(_) => "and nobody can say where that leads",
                };
                Some(Finding::new(
                    format!("`{}` mounts `{}`, {found}", mount.field, file.written),
                    META.fix,
                ))
            }
            MountSource::Volume
            | MountSource::DriverVolume { .. }
            | MountSource::FileSystem { .. }
            | MountSource::Container(_)
            | MountSource::Inner
            | MountSource::Unreadable(_) => None,
        })
        .collect()
}
