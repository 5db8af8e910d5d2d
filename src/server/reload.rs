//! Where the policy comes from, at start and at each reload.

use std::path::{Path, PathBuf};

use crate::docker::Host;
use crate::policy::{Policy, PolicyError};

/// Where the policy is read when nobody says otherwise, below the root of the host.
const DEFAULT_PATH: &str = "etc/lockgate/policy.toml";

/// The largest policy file that is read, in bytes; ten thousand exemptions have room.
const POLICY_LIMIT: u64 = 16 * 1024 * 1024;

/// A policy file, or none.
#[derive(Debug, Clone)]
pub struct PolicySource {
    path: PathBuf,
    /// Whether the file may be missing: only while it never was there.
    optional: bool,
    audit: bool,
}

impl PolicySource {
    /// The file at `path`, or the usual one of the host whose root is at `host_root`, which may be
    /// missing. `audit` makes every policy that comes from here audit.
    #[must_use]
    pub fn new(path: Option<PathBuf>, host_root: Option<&Path>, audit: bool) -> Self {
        Self {
            optional: path.is_none(),
            path: path.unwrap_or_else(|| host_root.unwrap_or(Path::new("/")).join(DEFAULT_PATH)),
            audit,
        }
    }

    /// Reads the policy.
    ///
    /// # Errors
    ///
    /// When the file is missing, cannot be read, or has faults. A file that was there once and is
    /// gone is an error, too: the built-in policy must not take its place unseen.
    pub fn load(&mut self, host: &dyn Host) -> Result<Policy, PolicyError> {
        let name = self.path.display().to_string();
        let text = match std::fs::metadata(&self.path) {
            Ok(file) if file.len() > POLICY_LIMIT => {
                return Err(PolicyError::of_file(&name, "is larger than 16 MiB"));
            }
            Ok(_) => std::fs::read_to_string(&self.path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.optional => {
                return Policy::built_in(self.audit, host);
            }
            Err(error) => Err(error),
        };
        let text = text.map_err(|error| {
            PolicyError::of_file(&name, format!("the policy cannot be read: {error}"))
        })?;
        let policy = Policy::parse(&name, &text, self.audit, host)?;
        self.optional = false;
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::PlainHost;

    #[test]
    fn a_file_that_is_gone_is_an_error_once_it_was_there() {
        let host = PlainHost {
            today: jiff::civil::date(2027, 1, 1),
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        let mut source = PolicySource {
            path: path.clone(),
            optional: true,
            audit: false,
        };
        assert_eq!(source.load(&host).unwrap().name(), "built-in default");
        std::fs::write(&path, "preset = \"anssi\"").unwrap();
        assert_eq!(source.load(&host).unwrap().preset(), "anssi");
        std::fs::remove_file(&path).unwrap();
        assert!(
            source
                .load(&host)
                .unwrap_err()
                .to_string()
                .contains("cannot be read")
        );
        assert!(
            PolicySource::new(Some(path), None, false)
                .load(&host)
                .is_err()
        );
    }
}
