//! `unlimited-memory`: a limit that limits.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Amount, Call, Kind, Zero};
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
    views: &["memory"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    max: Option<ByteSize>,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let Some(memory) = call.memory() else {
        return Vec::new();
    };
    let flag = if call.kind() == Kind::Service {
        "--limit-memory"
    } else {
        "--memory"
    };
    let Amount { field, value } = memory.limit;
    let found = if value == 0 && memory.zero == Zero::Keeps {
        return Vec::new();
    } else if value == 0 {
        format!("`{field}` is not set")
    } else if value < 0 {
        format!("`{field}` is {value}, which is no limit")
    } else if let Some(max) = options.max.filter(|max| value > max.bytes()) {
        return vec![Finding::new(
            format!("`{field}` is {}, above {max}", ByteSize::from(value)),
            format!("lower it to {flag}={}", max.flag()),
        )];
    } else if let Some(all) = memory.host.memory.filter(|all| value > *all) {
        format!(
            "`{field}` is {}, more than this host has ({}), which is no limit",
            ByteSize::from(value),
            ByteSize::from(all)
        )
    } else {
        return Vec::new();
    };
    vec![Finding::new(found, format!("add {flag}=512m"))]
}
