//! Exit codes.

use std::process::ExitCode;

/// How the program ends; scripts lean on the numbers. 2 is kept for a judged request that would be
/// refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: it worked.
    Worked,
    /// 1: it did not work.
    Failed,
    /// 3: the policy has faults.
    BadPolicy,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Worked => 0,
            Exit::Failed => 1,
            Exit::BadPolicy => 3,
        })
    }
}
