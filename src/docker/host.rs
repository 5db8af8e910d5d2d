//! What a decision may know of the machine it is made on.

use jiff::civil::Date;

use super::HostPath;

/// The host, as far as a decision depends on it.
///
/// The only way by which the pure middle of the program reaches the world, so that a decision can
/// be repeated elsewhere with the same answers.
pub trait Host: Sync {
    /// Follows every symbolic link of `path`. What does not exist yet is kept as it is written,
    /// since dockerd creates missing sources of binds.
    ///
    /// # Errors
    ///
    /// When the host cannot say, with the reason.
    fn resolve(&self, path: &HostPath) -> Result<HostPath, String>;

    /// Today, in UTC: exemptions end on a day.
    fn today(&self) -> Date;

    /// How large the host is; a limit beyond it limits nothing.
    fn size(&self) -> HostSize;

    /// Whether the host has the unified cgroup hierarchy (version 2).
    fn has_unified_cgroups(&self) -> bool;

    /// Whether the engine has told that the network with this whole id is one that a Swarm made, and
    /// so not one of the host's. No for what it has not told.
    fn is_swarm_network(&self, id: &str) -> bool;
}

/// How large a host is. A size that is not known is `None`, and no limit is compared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HostSize {
    /// Bytes of memory.
    pub memory: Option<i64>,
    /// Bytes of swap.
    pub swap: Option<i64>,
    /// Processors.
    pub cpus: Option<i64>,
}

/// A host that has no links, no size and no calendar: for tests and for reading policies offline.
#[derive(Debug, Clone, Copy)]
pub struct PlainHost {
    /// What [`Host::today`] answers.
    pub today: Date,
}

impl Host for PlainHost {
    fn resolve(&self, path: &HostPath) -> Result<HostPath, String> {
        Ok(path.clone())
    }

    fn today(&self) -> Date {
        self.today
    }

    fn size(&self) -> HostSize {
        HostSize::default()
    }

    fn has_unified_cgroups(&self) -> bool {
        true
    }

    fn is_swarm_network(&self, _id: &str) -> bool {
        false
    }
}
