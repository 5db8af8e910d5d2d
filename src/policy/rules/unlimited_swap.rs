//! `unlimited-swap`: swap is bounded, too.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, Kind, Zero};
use crate::policy::ByteSize;

pub(super) static META: Meta = Meta {
    id: "unlimited-swap",
    title: "refuses containers that may swap without limit",
    why: "a container that may not take more memory can still fill the host's swap and stall its disks",
    fix: "add --memory-swap (memory and swap together), or only --memory: swap is then as much again",
    options: &[("explicit", "whether --memory-swap has to be given")],
    references: References {
        guide: "7.2",
        cis: "",
        pss: "",
        anssi: "R10",
    },
    exemptible: true,
    views: &["memory"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    explicit: bool,
}

// moby daemon_unix.go adaptContainerSettings: with Memory set, MemorySwap 0 becomes twice Memory;
// without it nothing bounds swap. Every negative MemorySwap is unlimited.
pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let Some(limits) = call.memory() else {
        return Vec::new();
    };
    let (memory, swap) = (limits.limit.value, limits.swap.value);
    let (memory_field, swap_field) = (limits.limit.field, limits.swap.field);
    let host = limits
        .host
        .memory
        .map(|memory| memory.saturating_add(limits.host.swap.unwrap_or_default()));
    // Services of most engines have no field for it.
    let explicit = options.explicit && call.kind() != Kind::Service;
    let found = if swap < 0 {
        format!("`{swap_field}` is {swap}, which is no limit")
    } else if swap == 0 && limits.zero == Zero::Keeps {
        return Vec::new();
    } else if swap == 0 && memory <= 0 {
        format!("neither `{memory_field}` nor `{swap_field}` is set")
    } else if swap == 0 && memory.checked_mul(2).is_none() {
        format!("`{swap_field}` is not set, and twice `{memory_field}` is beyond any number")
    } else if swap == 0 && explicit {
        format!("`{swap_field}` is not set")
    } else if let Some(all) = host.filter(|all| swap.saturating_sub(memory.max(0)) > *all) {
        format!(
            "it may swap {}, more than the memory and swap of this host ({}), which is no limit",
            ByteSize::from(swap.saturating_sub(memory.max(0))),
            ByteSize::from(all)
        )
    } else {
        return Vec::new();
    };
    let real = limits.host.memory.is_none_or(|all| memory <= all);
    let fix = if call.kind() == Kind::Service {
        "add --limit-memory=512m".to_owned()
    } else if memory > 0 && real {
        format!("add --memory-swap={}", ByteSize::from(memory).flag())
    } else {
        "add --memory=512m --memory-swap=512m".to_owned()
    };
    vec![Finding::new(found, fix)]
}
