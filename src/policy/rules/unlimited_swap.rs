//! `unlimited-swap`: swap is bounded, too.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::Call;
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
    let Some(limits) = call.limits() else {
        return Vec::new();
    };
    let (memory, swap) = (limits.memory, limits.memory_swap);
    let host = limits
        .host
        .memory
        .map(|memory| memory.saturating_add(limits.host.swap.unwrap_or_default()));
    let found = if swap < 0 {
        format!("`HostConfig.MemorySwap` is {swap}, which is no limit")
    } else if swap == 0 && memory <= 0 {
        "neither `HostConfig.Memory` nor `HostConfig.MemorySwap` is set".to_owned()
    } else if swap == 0 && memory.checked_mul(2).is_none() {
        "`HostConfig.MemorySwap` is not set, and twice `HostConfig.Memory` is beyond any number"
            .to_owned()
    } else if swap == 0 && options.explicit {
        "`HostConfig.MemorySwap` is not set".to_owned()
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
    let fix = if memory > 0 && real {
        format!("add --memory-swap={}", ByteSize::from(memory).flag())
    } else {
        "add --memory=512m --memory-swap=512m".to_owned()
    };
    vec![Finding::new(found, fix)]
}
