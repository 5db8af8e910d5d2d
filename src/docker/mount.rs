//! Binds, mounts, volumes and volumes of other containers, as one type.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Host, HostFile, HostPath, HostPathError};

/// Something that a container gets to see at a path of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where it stands in the request, `HostConfig.Binds[0]`.
    pub field: String,
    /// Where it comes from.
    pub source: MountSource,
    /// Whether the container may only read it.
    pub read_only: bool,
    /// How mounts below it spread, empty for the default (`rprivate`).
    pub propagation: String,
}

/// Where a mount comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A file or directory of the host, by a bind or by a volume whose options are a bind.
    Host(HostFile),
    /// A volume below dockerd's own directory, or on the network by dockerd's own driver.
    Volume,
    /// A volume of a driver that is not dockerd's own: only the driver knows what it mounts.
    DriverVolume {
        /// The name of the driver.
        driver: String,
    },
    /// A file system of the host that the local driver is asked to mount.
    FileSystem {
        /// Its type, `ext4`.
        kind: String,
    },
    /// Every mount of another container.
    Container(String),
    /// Memory, or the files of an image.
    Inner,
    /// A form that no known engine takes.
    Unreadable(String),
}

/// Reads one entry of `HostConfig.Binds`.
// moby volume/mounts/linux_parser.go: ParseMountRaw; a source that starts with a slash is a bind.
pub(super) fn parse_bind(field: String, text: &str, driver: &str, host: &dyn Host) -> Mount {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, mode) = match parts.as_slice() {
        [_target] => ("", ""),
        [source, _target] => (*source, ""),
        [source, _target, mode] => (*source, *mode),
        _ => return unreadable(field, format!("`{text}` has more than two colons")),
    };
    let modes: Vec<&str> = mode.split(',').collect();
    Mount {
        field,
        source: if source.starts_with('/') {
            host_source(source, host)
        } else {
            volume_source(driver, &BTreeMap::new(), host)
        },
        read_only: modes.contains(&"ro"),
        propagation: modes
            .iter()
            .find(|mode| PROPAGATIONS.contains(*mode))
            .map(ToString::to_string)
            .unwrap_or_default(),
    }
}

/// How a volume's mount spreads, if its driver options say so.
pub(super) fn volume_propagation(options: &BTreeMap<String, String>) -> String {
    options
        .get("o")
        .into_iter()
        .flat_map(|flags| flags.split(',').map(str::trim))
        .find(|flag| PROPAGATIONS.contains(flag))
        .unwrap_or_default()
        .to_owned()
}

/// The words for a propagation that is not the default, as they stand among the modes of a bind.
const PROPAGATIONS: &[&str] = &["shared", "rshared", "slave", "rslave"];

pub(super) fn unreadable(field: String, why: String) -> Mount {
    Mount {
        field,
        source: MountSource::Unreadable(why),
        read_only: false,
        propagation: String::new(),
    }
}

/// A bind of a host path, which dockerd brings into its shortest form first.
// moby volume/mounts/linux_parser.go: path.Clean, for Binds and for Mounts; relative ones are refused.
pub(super) fn host_source(path: &str, host: &dyn Host) -> MountSource {
    from_path(HostPath::parse(path), host)
}

/// A path of the host that the kernel gets as it is written.
pub(super) fn raw_host_file(path: &str, host: &dyn Host) -> Result<HostFile, HostPathError> {
    HostPath::parse_raw(path).map(|written| HostFile {
        resolved: host.resolve(&written),
        written,
    })
}

fn from_path(path: Result<HostPath, HostPathError>, host: &dyn Host) -> MountSource {
    match path {
        Ok(written) => MountSource::Host(HostFile {
            resolved: host.resolve(&written),
            written,
        }),
        Err(error) => MountSource::Unreadable(error.to_string()),
    }
}

/// A volume, by its driver and the driver's options.
// moby volume/local/local_unix.go: options `type`, `o` and `device` are handed to mount(2).
pub(super) fn volume_source(
    driver: &str,
    options: &BTreeMap<String, String>,
    host: &dyn Host,
) -> MountSource {
    if !matches!(driver, "" | "local") {
        return MountSource::DriverVolume {
            driver: driver.to_owned(),
        };
    }
    let option = |key: &str| options.get(key).map_or("", String::as_str);
    let (kind, device) = (option("type"), option("device"));
    let flags: Vec<&str> = option("o").split(',').map(str::trim).collect();
    let binds = flags.iter().any(|flag| matches!(*flag, "bind" | "rbind"));
    if kind.is_empty() && device.is_empty() && !binds {
        return MountSource::Volume;
    }
    if flags.contains(&"remount") {
        return MountSource::Unreadable("`remount` changes a mount that is there".to_owned());
    }
    if binds || matches!(kind, "" | "none" | "bind") {
        return from_path(HostPath::parse_raw(device), host);
    }
    match kind {
        // Memory, and servers that the options name: nothing of this host.
        "tmpfs" | "nfs" | "nfs4" | "cifs" | "smb3" => MountSource::Volume,
        _ => MountSource::FileSystem {
            kind: kind.to_owned(),
        },
    }
}

impl MountWire {
    /// Whether a Swarm fills in something that decides what is mounted. The name of a volume does
    /// not: it can never become a path.
    pub(super) fn is_template(&self) -> bool {
        let options = self
            .volume_options
            .iter()
            .filter_map(|options| options.driver_config.as_ref())
            .flat_map(|driver| driver.options.values());
        (self.kind != "volume" && self.source.contains("{{"))
            || options.into_iter().any(|value| value.contains("{{"))
    }

    // moby volume/mounts/linux_parser.go: ValidateMountConfig; types are exact.
    /// What it mounts; `field` is where it stands.
    pub(super) fn interpret(&self, field: String, host: &dyn Host) -> Mount {
        let (source, propagation, weakened) = match self.kind.as_str() {
            "bind" => {
                let options = self.bind_options.clone().unwrap_or_default();
                (
                    host_source(&self.source, host),
                    options.propagation,
                    options.read_only_non_recursive,
                )
            }
            "volume" => {
                let driver = self
                    .volume_options
                    .clone()
                    .unwrap_or_default()
                    .driver_config
                    .unwrap_or_default();
                (
                    volume_source(&driver.name, &driver.options, host),
                    volume_propagation(&driver.options),
                    false,
                )
            }
            "tmpfs" | "image" => (MountSource::Inner, String::new(), false),
            other => {
                return unreadable(field, format!("the mount type `{other}` is not known"));
            }
        };
        Mount {
            field,
            source,
            read_only: self.read_only && !weakened,
            propagation,
        }
    }
}

/// One entry of `Mounts`, of a container or of a service.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "Mount", rename_all = "PascalCase")]
pub(super) struct MountWire {
    #[serde(rename = "Type")]
    kind: String,
    source: String,
    // Read only so that it is known, and is text.
    #[serde(rename = "Target")]
    _target: String,
    read_only: bool,
    bind_options: Option<BindOptions>,
    volume_options: Option<VolumeOptions>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct BindOptions {
    propagation: String,
    read_only_non_recursive: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct VolumeOptions {
    driver_config: Option<DriverConfig>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct DriverConfig {
    name: String,
    options: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::PlainHost;

    const HOST: PlainHost = PlainHost {
        today: jiff::civil::date(2027, 1, 1),
    };

    fn bind(text: &str) -> Mount {
        parse_bind("HostConfig.Binds[0]".to_owned(), text, "", &HOST)
    }

    fn written(mount: &Mount) -> &str {
        let MountSource::Host(file) = &mount.source else {
            panic!("{mount:?}");
        };
        file.written.as_str()
    }

    #[test]
    fn binds_are_host_paths_or_volumes() {
        assert_eq!(written(&bind("/ok/../etc:/x")), "/etc");
        assert_eq!(written(&bind("//etc:/x:ro")), "/etc");
        assert!(bind("/srv:/x:rw,z,ro").read_only);
        assert_eq!(bind("/srv:/x:z,rshared").propagation, "rshared");
        assert_eq!(bind("data:/x").source, MountSource::Volume);
        assert_eq!(bind("../etc:/x").source, MountSource::Volume);
        assert_eq!(bind("/x").source, MountSource::Volume);
        assert!(matches!(
            bind("/a:/b:ro:z").source,
            MountSource::Unreadable(_)
        ));
        assert!(matches!(bind("/a\0:/b").source, MountSource::Unreadable(_)));
    }

    #[test]
    fn volumes_are_what_their_driver_mounts() {
        let volume = |driver: &str, options: &[(&str, &str)]| {
            let options = options
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            volume_source(driver, &options, &HOST)
        };
        let host = |path: &str| host_source(path, &HOST);
        let refused = |options: &[(&str, &str)]| {
            let source = volume("local", options);
            assert!(matches!(source, MountSource::Unreadable(_)), "{source:?}");
        };
        // Behind a link, `..` is somewhere else than it looks; and nobody knows where dockerd works.
        refused(&[
            ("type", "none"),
            ("o", "bind"),
            ("device", "/var/run/../etc"),
        ]);
        refused(&[("type", "none"), ("o", "rbind"), ("device", "../../etc")]);
        refused(&[("type", "none"), ("o", "bind"), ("device", "scripts")]);
        refused(&[("type", "tmpfs"), ("o", "remount"), ("device", "tmpfs")]);
        assert_eq!(volume("", &[]), MountSource::Volume);
        assert_eq!(volume("local", &[("size", "1g")]), MountSource::Volume);
        for kind in ["none", "", "ext4", "nfs"] {
            let options = [("type", kind), ("o", "rw,bind"), ("device", "/etc")];
            assert_eq!(volume("local", &options), host("/etc"), "{kind}");
        }
        assert_eq!(volume("", &[("device", "/etc")]), host("/etc"));
        assert_eq!(
            volume(
                "",
                &[
                    ("type", "nfs"),
                    ("o", "addr=10.0.0.1"),
                    ("device", ":/data")
                ]
            ),
            MountSource::Volume
        );
        assert_eq!(
            volume("", &[("type", "ext4"), ("device", "/dev/sda1")]),
            MountSource::FileSystem {
                kind: "ext4".to_owned()
            }
        );
        assert_eq!(
            volume(
                "",
                &[
                    ("type", "overlay"),
                    ("o", "lowerdir=/etc:/x"),
                    ("device", "overlay")
                ]
            ),
            MountSource::FileSystem {
                kind: "overlay".to_owned()
            }
        );
        assert_eq!(
            volume("other", &[]),
            MountSource::DriverVolume {
                driver: "other".to_owned()
            }
        );
    }
}
