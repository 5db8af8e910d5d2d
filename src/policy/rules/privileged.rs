//! `privileged`: no container with every capability and every device.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::{Call, Kind};

pub(super) static META: Meta = Meta {
    id: "privileged",
    title: "refuses privileged containers and execs",
    why: "a privileged container has every capability, every device and no confinement: it is root on the host",
    fix: "remove --privileged, and name what the program needs with --cap-add and --device",
    options: &[],
    references: References {
        guide: "3.1",
        cis: "5.5",
        pss: "baseline",
        anssi: "R1, R2, R8",
    },
    exemptible: true,
    views: &["privileged"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    if call.privileged() != Some(&true) {
        Vec::new()
    } else if call.kind() == Kind::Exec {
        vec![Finding::new("`Privileged` is true", "remove --privileged")]
    } else {
        vec![Finding::new("`HostConfig.Privileged` is true", META.fix)]
    }
}
