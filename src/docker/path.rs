//! Paths of the host: absolute, in their shortest form.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// An absolute path of the host without empty, `.` or `..` segments and without a slash at its end.
///
/// Comparing is by whole segments, so `/srv2` is not inside `/srv`. Symbolic links are another
/// matter: see [`super::Host::resolve`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPath(String);

/// The most bytes of a path.
// Linux include/uapi/linux/limits.h: PATH_MAX.
const LENGTH_LIMIT: usize = 4096;

/// Why a text is no [`HostPath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HostPathError {
    /// It does not start with a slash.
    #[error("a host path starts with `/`")]
    Relative,
    /// No file has such a name.
    #[error("a host path has no NUL character")]
    Nul,
    /// It depends on where links lead.
    #[error("a host path has no `..` here")]
    Climbing,
    /// Longer than the kernel takes a path.
    #[error("a host path has at most 4096 bytes")]
    TooLong,
}

impl HostPath {
    /// The root of the host.
    #[must_use]
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Reads an absolute path and brings it into its shortest form, as Go's `path.Clean`.
    ///
    /// # Errors
    ///
    /// When the path is relative, holds a NUL, or is too long.
    pub fn parse(text: &str) -> Result<Self, HostPathError> {
        if !text.starts_with('/') {
            return Err(HostPathError::Relative);
        }
        if text.contains('\0') {
            return Err(HostPathError::Nul);
        }
        if text.len() > LENGTH_LIMIT {
            return Err(HostPathError::TooLong);
        }
        let mut path = Self::root();
        for segment in text.split('/') {
            match segment {
                "" | "." => {}
                ".." => path = path.parent(),
                name => path = path.join(name),
            }
        }
        Ok(path)
    }

    /// Reads a path that dockerd hands on as it is written, so that the kernel walks it.
    ///
    /// There `..` is the parent of what a link leads to (`/var/run/../etc` is `/etc`), and a
    /// relative path starts wherever dockerd was started.
    ///
    /// # Errors
    ///
    /// As [`HostPath::parse`], and when it has a `..`.
    pub(crate) fn parse_raw(text: &str) -> Result<Self, HostPathError> {
        if text.split('/').any(|segment| segment == "..") {
            return Err(HostPathError::Climbing);
        }
        Self::parse(text)
    }

    /// The path one level up; the root is its own parent.
    #[must_use]
    pub fn parent(&self) -> Self {
        match self.0.rsplit_once('/') {
            None | Some(("", _)) => Self::root(),
            Some((parent, _)) => Self(parent.to_owned()),
        }
    }

    /// The path of `name` in this directory; `name` is one plain segment.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        if self.0 == "/" {
            Self(format!("/{name}"))
        } else {
            Self(format!("{}/{name}", self.0))
        }
    }

    /// Its last segment; empty for the root.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(_, name)| name)
    }

    /// Its segments from the root down.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }

    /// Whether it is `other` or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        other.0 == "/"
            || self
                .0
                .strip_prefix(&other.0)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for HostPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HostPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| serde::de::Error::custom(format!("`{text}`: {error}")))
    }
}

/// A path that a request names, as it was written and as the host has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFile {
    /// The path in its shortest form, links not followed.
    pub written: HostPath,
    /// The path with every symbolic link followed, or why that could not be done.
    pub resolved: Result<HostPath, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> HostPath {
        HostPath::parse(text).unwrap()
    }

    #[test]
    fn is_brought_into_its_shortest_form() {
        for (text, short) in [
            ("/", "/"),
            ("//etc//passwd/", "/etc/passwd"),
            ("/srv/../etc/./x/..", "/etc"),
            ("/../../..", "/"),
            ("/ok/./../..", "/"),
        ] {
            assert_eq!(path(text).as_str(), short, "{text}");
        }
        assert_eq!(HostPath::parse("etc"), Err(HostPathError::Relative));
        assert_eq!(HostPath::parse(""), Err(HostPathError::Relative));
        assert_eq!(HostPath::parse("/a\0"), Err(HostPathError::Nul));
        let long = "/a".repeat(LENGTH_LIMIT);
        assert_eq!(HostPath::parse(&long), Err(HostPathError::TooLong));
        assert_eq!(
            HostPath::parse_raw("/var/run/../etc"),
            Err(HostPathError::Climbing)
        );
        assert_eq!(HostPath::parse_raw("scripts"), Err(HostPathError::Relative));
        assert_eq!(HostPath::parse_raw("/a//b/./c").unwrap().as_str(), "/a/b/c");
    }

    #[test]
    fn lies_within_by_whole_segments() {
        assert!(path("/srv").is_within(&path("/srv")));
        assert!(path("/srv/a").is_within(&path("/srv")));
        assert!(path("/srv").is_within(&HostPath::root()));
        assert!(!path("/srv2").is_within(&path("/srv")));
        assert!(!path("/").is_within(&path("/srv")));
    }
}
