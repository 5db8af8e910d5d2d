//! Resource limits of processes.

use serde::Deserialize;

use super::capability::to_upper;

/// A resource limit of each process.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Ulimit {
    name: String,
    soft: i64,
    hard: i64,
}

impl Ulimit {
    /// Whether it lets processes ask the kernel for real-time scheduling.
    // moby daemon/oci_linux.go: names become RLIMIT_ and the name in upper case.
    pub(super) fn is_realtime(&self) -> bool {
        to_upper(&self.name) == "RTPRIO" && (self.soft != 0 || self.hard != 0)
    }
}
