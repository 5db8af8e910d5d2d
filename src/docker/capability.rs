//! Linux capabilities, in every spelling that dockerd takes.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The capabilities of Linux up to 6.x, without their prefix.
// Linux include/uapi/linux/capability.h; moby oci/caps takes those that the kernel knows.
const NAMES: &[&str] = &[
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// What a container has when nothing is dropped.
// moby oci/caps/defaults.go: DefaultCapabilities.
pub(crate) const DEFAULT: &[Capability] = &[
    Capability::Named("AUDIT_WRITE"),
    Capability::Named("CHOWN"),
    Capability::Named("DAC_OVERRIDE"),
    Capability::Named("FOWNER"),
    Capability::Named("FSETID"),
    Capability::Named("KILL"),
    Capability::Named("MKNOD"),
    Capability::Named("NET_BIND_SERVICE"),
    Capability::Named("NET_RAW"),
    Capability::Named("SETFCAP"),
    Capability::Named("SETGID"),
    Capability::Named("SETPCAP"),
    Capability::Named("SETUID"),
    Capability::Named("SYS_CHROOT"),
];

/// One entry of `CapAdd` or `CapDrop`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// `ALL`.
    All,
    /// A capability of Linux, upper case and without `CAP_`.
    Named(&'static str),
    /// Something that this list does not have; a newer kernel may.
    Other(String),
}

impl Capability {
    /// Reads an entry as dockerd does.
    // moby oci/caps/utils.go: strings.ToUpper (so a long s is an S), then ALL, then an optional CAP_.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let upper = to_upper(text);
        if upper == "ALL" {
            return Self::All;
        }
        let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
        NAMES
            .iter()
            .find(|known| **known == name)
            .map_or_else(|| Self::Other(name.to_owned()), |known| Self::Named(known))
    }
}

/// Upper case of a text, as Go's `strings.ToUpper`.
pub(super) fn to_upper(text: &str) -> String {
    text.chars().map(upper).collect()
}

/// Upper case of one character where that is one character, as Go's `unicode.ToUpper`.
fn upper(char: char) -> char {
    let mut upper = char.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => char,
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::All => "ALL",
            Self::Named(name) => name,
            Self::Other(name) => name,
        })
    }
}

impl Serialize for Capability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// In a policy: only names that exist, and not `ALL`.
impl<'de> Deserialize<'de> for Capability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match Self::parse(&text) {
            Self::Named(name) => Ok(Self::Named(name)),
            Self::All => Err(serde::de::Error::custom(
                "`ALL` cannot be listed; name the capabilities, or exempt the image",
            )),
            Self::Other(name) => Err(serde::de::Error::custom(format!(
                "unknown capability `{name}`{}",
                crate::nearest::hint(&name, NAMES.iter().copied())
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_capability_is_that_capability() {
        for text in [
            "SYS_ADMIN",
            "sys_admin",
            "CAP_SYS_ADMIN",
            "cap_Sys_admin",
            "\u{17f}ys_adm\u{131}n",
        ] {
            assert_eq!(
                Capability::parse(text),
                Capability::Named("SYS_ADMIN"),
                "{text}"
            );
        }
        for text in ["ALL", "all", "aLl"] {
            assert_eq!(Capability::parse(text), Capability::All);
        }
        for text in [" ALL", "CAP_ALL", "CAP_CAP_CHOWN", "", "stra\u{df}e"] {
            assert!(matches!(Capability::parse(text), Capability::Other(_)));
        }
    }

    #[test]
    fn the_default_ones_are_known() {
        for capability in DEFAULT {
            assert_eq!(Capability::parse(&capability.to_string()), *capability);
        }
        assert_eq!(DEFAULT.len(), 14);
        assert!(NAMES.is_sorted());
    }
}
