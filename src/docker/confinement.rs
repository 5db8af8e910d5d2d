//! `SecurityOpt`: what a container asks of seccomp, AppArmor, SELinux and `no_new_privs`.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// What is in force after every entry was read; for each key the last one wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confinement {
    /// The seccomp profile.
    pub seccomp: Seccomp,
    /// The AppArmor profile; `None` for the daemon's own.
    pub apparmor: Option<String>,
    /// SELinux label options, each as `disable` or `type:…`.
    pub labels: Vec<String>,
    /// `no-new-privileges`; `None` for the daemon's own choice.
    pub no_new_privileges: Option<bool>,
    /// Whether the cgroup file system is writable.
    pub writable_cgroups: bool,
    /// Keys that no known engine takes.
    pub unknown: Vec<String>,
}

/// A seccomp profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Seccomp {
    /// The daemon's own.
    #[default]
    Default,
    /// Switched off.
    Unconfined,
    /// One that the request brings along.
    Custom {
        /// `sha256:` and the digest of the profile as it was sent.
        digest: String,
    },
}

impl Confinement {
    /// Reads the entries of `HostConfig.SecurityOpt`.
    // moby daemon/daemon_unix.go parseSecurityOpt: bare words first, then the first `=`, else the
    // first `:`; 28 has `writable-cgroups`.
    pub(super) fn parse(entries: &[String]) -> Self {
        let mut confinement = Self::default();
        for entry in entries {
            let (key, value) = match entry.as_str() {
                "no-new-privileges" | "writable-cgroups" => (entry.as_str(), "true"),
                "disable" => ("label", "disable"),
                pair => pair
                    .split_once('=')
                    .or_else(|| pair.split_once(':'))
                    .unwrap_or((pair, "")),
            };
            match key {
                "seccomp" => confinement.seccomp = seccomp(value),
                "apparmor" => {
                    confinement.apparmor = Some(value.to_owned()).filter(|name| !name.is_empty());
                }
                "label" => confinement.labels.push(value.to_owned()),
                "no-new-privileges" => {
                    confinement.no_new_privileges = Some(parse_bool(value) == Some(true));
                }
                // Fail closed: what is not plainly off is on.
                "writable-cgroups" => {
                    confinement.writable_cgroups = parse_bool(value) != Some(false);
                }
                other => confinement.unknown.push(other.to_owned()),
            }
        }
        confinement
    }
}

fn seccomp(value: &str) -> Seccomp {
    match value {
        // `builtin` since 23; 20.10 refuses it as a broken profile.
        "" | "builtin" => Seccomp::Default,
        "unconfined" => Seccomp::Unconfined,
        profile => Seccomp::Custom {
            digest: sha256(profile.as_bytes()),
        },
    }
}

/// `sha256:` and 64 hex digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut text = String::from("sha256:");
    for byte in digest {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

// Go strconv.ParseBool.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(entries: &[&str]) -> Confinement {
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        Confinement::parse(&entries)
    }

    #[test]
    fn the_last_entry_of_a_key_wins() {
        assert_eq!(
            parse(&["no-new-privileges", "no-new-privileges:F"]).no_new_privileges,
            Some(false)
        );
        assert_eq!(
            parse(&["no-new-privileges=false", "no-new-privileges"]).no_new_privileges,
            Some(true)
        );
        assert_eq!(
            parse(&["seccomp=unconfined", "seccomp=builtin"]).seccomp,
            Seccomp::Default
        );
        assert_eq!(
            parse(&["seccomp=builtin", "seccomp:unconfined"]).seccomp,
            Seccomp::Unconfined
        );
    }

    #[test]
    fn both_separators_and_bare_words_are_read() {
        assert_eq!(
            parse(&["apparmor:unconfined"]).apparmor.as_deref(),
            Some("unconfined")
        );
        assert_eq!(parse(&["apparmor="]).apparmor, None);
        assert_eq!(
            parse(&["disable", "label=type:x_t"]).labels,
            ["disable", "type:x_t"]
        );
        assert!(parse(&["writable-cgroups"]).writable_cgroups);
        assert!(parse(&["writable-cgroups=yes"]).writable_cgroups);
        assert!(!parse(&["writable-cgroups=false"]).writable_cgroups);
        assert_eq!(
            parse(&["Seccomp=unconfined", "later"]).unknown,
            ["Seccomp", "later"]
        );
    }

    #[test]
    fn a_profile_of_the_request_is_known_by_its_digest() {
        let Seccomp::Custom { digest } = parse(&["seccomp={}"]).seccomp else {
            panic!("not custom");
        };
        assert_eq!(
            digest,
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
    }
}
