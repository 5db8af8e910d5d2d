//! `no-logging`: what a container says is kept.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, Setting};

pub(super) static META: Meta = Meta {
    id: "no-logging",
    title: "refuses the log driver `none`, and drivers beyond `drivers` where it names any",
    why: "without a log nobody can tell what happened in the container",
    fix: "remove --log-driver",
    options: &[(
        "drivers",
        "log drivers that may be chosen; empty for every one but `none`",
    )],
    references: References {
        guide: "8.1",
        cis: "2.13",
        pss: "",
        anssi: "R16",
    },
    exemptible: true,
    views: &["log_driver"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    drivers: Vec<String>,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let Some(Setting {
        field,
        value: driver,
    }) = call.log_driver().filter(|driver| !driver.value.is_empty())
    else {
        return Vec::new();
    };
    let listed = options.drivers.is_empty() || options.drivers.contains(driver);
    if driver == "none" || !listed {
        vec![Finding::new(format!("`{field}` is `{driver}`"), META.fix)]
    } else {
        Vec::new()
    }
}
