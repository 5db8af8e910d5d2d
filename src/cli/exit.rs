//! Exit codes.

use std::process::ExitCode;

/// How the program ends; scripts lean on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: it worked; a request that was judged would be allowed.
    Allowed,
    /// 1: it did not work.
    Failed,
    /// 2: a request that was judged would be refused.
    Denied,
    /// 3: the policy has faults.
    BadPolicy,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Allowed => 0,
            Exit::Failed => 1,
            Exit::Denied => 2,
            Exit::BadPolicy => 3,
        })
    }
}
