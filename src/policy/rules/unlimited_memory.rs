//! `unlimited-memory`: a limit that limits.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::Call;
use crate::policy::ByteSize;

pub(super) static META: Meta = Meta {
    id: "unlimited-memory",
    title: "refuses containers without a memory limit, or with one above `max` or above the host's memory",
    why: "one container can take all memory of the host, and the kernel then kills what it likes",
    fix: "add --memory=512m",
    options: &[(
        "max",
        "the highest limit, as `4GiB`; without it, the host's memory",
    )],
    references: References {
        guide: "7.2",
        cis: "5.11",
        pss: "",
        anssi: "R10",
    },
    exemptible: true,
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    max: Option<ByteSize>,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let Some(limits) = call.limits() else {
        return Vec::new();
    };
    let memory = limits.memory;
    let found = if memory == 0 {
        "`HostConfig.Memory` is not set".to_owned()
    } else if memory < 0 {
        format!("`HostConfig.Memory` is {memory}, which is no limit")
    } else if let Some(max) = options.max.filter(|max| memory > max.bytes()) {
        return vec![Finding::new(
            format!(
                "`HostConfig.Memory` is {}, above {max}",
                ByteSize::from(memory)
            ),
            format!("lower it to --memory={}", max.flag()),
        )];
    } else if let Some(all) = limits.host.memory.filter(|all| memory > *all) {
        format!(
            "`HostConfig.Memory` is {}, more than this host has ({}), which is no limit",
            ByteSize::from(memory),
            ByteSize::from(all)
        )
    } else {
        return Vec::new();
    };
    vec![Finding::new(found, META.fix)]
}
