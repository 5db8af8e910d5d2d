//! `host-paths`: nothing of the host that gives the host away.

use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize};

use super::{AllowedPath, Finding, Meta, Mode, References};
use crate::docker::{Call, Host, HostFile, HostPath, Mount, MountSource};

pub(super) static META: Meta = Meta {
    id: "host-paths",
    title: "refuses sensitive paths of the host, by bind, mount, volume option, link or parent directory",
    why: "who writes to /etc, /usr or the root directory is root on the host; who reads them has its secrets",
    fix: "remove the mount, or use a volume (-v NAME:/path)",
    options: &[
        (
            "sensitive",
            "paths that are refused, with everything below and every directory above them; `/` means every path",
        ),
        (
            "allow",
            "paths that are allowed all the same, with everything below them; `PATH:ro` only read-only",
        ),
        (
            "volume-drivers",
            "volume drivers that may be used beside dockerd's own",
        ),
        (
            "volumes-from",
            "whether --volumes-from may be used; what it mounts is not in the request",
        ),
    ],
    references: References {
        guide: "3.1",
        cis: "5.6",
        pss: "baseline",
        anssi: "R1, R15",
    },
    exemptible: true,
    views: &["mounts"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Options {
    pub(super) mode: Mode,
    sensitive: Vec<HostPath>,
    #[serde(deserialize_with = "read_allow")]
    allow: Vec<AllowedPath>,
    volume_drivers: Vec<String>,
    volumes_from: bool,
}

fn read_allow<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AllowedPath>, D::Error> {
    Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|text| AllowedPath::parse(text, |rights| rights == "ro", "`PATH` or `PATH:ro`"))
        .collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}

impl Options {
    pub(super) fn resolve(&mut self, host: &dyn Host) {
        for allowed in &mut self.allow {
            allowed.resolve(host);
        }
    }

    /// The sensitive path that `path` is, lies in, or holds.
    fn sensitive(&self, path: &HostPath) -> Option<&HostPath> {
        self.sensitive
            .iter()
            .find(|sensitive| path.is_within(sensitive) || sensitive.is_within(path))
    }

    fn judge(&self, mount: &Mount, file: &HostFile) -> Option<Finding> {
        let field = &mount.field;
        let resolved = match &file.resolved {
            Ok(resolved) => resolved,
            Err(why) => {
                return Some(Finding::new(
                    format!(
                        "`{field}` mounts `{}`, which cannot be looked up: {why}",
                        file.written
                    ),
                    META.fix,
                ));
            }
        };
        // Both forms have to pass: the one that was written, since a link may change before the
        // container starts, and the one that it leads to today.
        for path in [&file.written, resolved] {
            let Some(sensitive) = self.sensitive(path) else {
                continue;
            };
            let covering: Vec<&AllowedPath> = self
                .allow
                .iter()
                .filter(|allowed| allowed.covers(path))
                .collect();
            if covering
                .iter()
                .any(|allowed| allowed.rights.is_empty() || mount.read_only)
            {
                continue;
            }
            let mut found = format!("`{field}` mounts `{}` of the host", file.written);
            if path != &file.written {
                let _ = write!(found, ", which is `{path}`");
            }
            if sensitive.is_within(path) && sensitive != path {
                let _ = write!(found, " and holds `{sensitive}`");
            }
            return Some(if covering.is_empty() {
                Finding::new(found, META.fix)
            } else {
                Finding::new(
                    format!("{found}, which is allowed read-only"),
                    "add :ro to the mount",
                )
            });
        }
        None
    }
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    call.mounts()
        .into_iter()
        .flatten()
        .filter_map(|mount| {
            let field = &mount.field;
            match &mount.source {
                MountSource::Host(file) => options.judge(mount, file),
                MountSource::DriverVolume { driver } if options.volume_drivers.contains(driver) => {
                    None
                }
                MountSource::DriverVolume { driver } => Some(Finding::new(
                    format!("`{field}` leaves it to the volume driver `{driver}`, which may mount anything"),
                    "use a volume of the local driver",
                )),
                MountSource::FileSystem { kind } => Some(Finding::new(
                    format!("`{field}` mounts a file system of type `{kind}` by volume options"),
                    "leave the options out",
                )),
                MountSource::Container(_) if options.volumes_from => None,
                MountSource::Container(_) => Some(Finding::new(
                    format!("`{field}` takes every mount of another container, unseen"),
                    "remove --volumes-from and name the volumes",
                )),
                MountSource::Unreadable(why) => Some(Finding::new(
                    format!("`{field}` cannot be read: {why}"),
                    "name an absolute path of the host, or a volume, and where it is to appear",
                )),
                MountSource::Volume | MountSource::Inner => None,
            }
        })
        .collect()
}
