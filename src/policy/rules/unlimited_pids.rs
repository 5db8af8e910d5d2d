//! `unlimited-pids`: a bounded number of processes.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, Kind, Pids, Zero};

pub(super) static META: Meta = Meta {
    id: "unlimited-pids",
    title: "refuses containers without a limit of processes, or with one above `max`",
    why: "a fork bomb in one container uses up the process ids of the whole host",
    fix: "add --pids-limit=200",
    options: &[(
        "max",
        "the highest number of processes; without it, the kernel's own highest",
    )],
    references: References {
        guide: "",
        cis: "5.29",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["pids"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    max: Option<i64>,
}

/// Linux include/linux/threads.h: `PID_MAX_LIMIT`; a higher limit is none.
const KERNEL_MAX: i64 = 4_194_304;

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let Some(Pids { field, limit, zero }) = call.pids() else {
        return Vec::new();
    };
    let max = options.max.unwrap_or(KERNEL_MAX);
    let found = match limit {
        None if *zero == Zero::Keeps => return Vec::new(),
        None => format!("`{field}` is not set"),
        Some(pids) if *pids <= 0 => format!("`{field}` is {pids}, which is no limit"),
        Some(pids) if *pids > max => format!("`{field}` is {pids}, above {max}"),
        Some(_) => return Vec::new(),
    };
    let flag = if call.kind() == Kind::Service {
        "--limit-pids"
    } else {
        "--pids-limit"
    };
    vec![Finding::new(found, format!("add {flag}={}", max.min(200)))]
}
