//! `opaque-build`: builds that the gate can see into.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, OpaqueBuild};

pub(super) static META: Meta = Meta {
    id: "opaque-build",
    title: "refuses builds by BuildKit and builds of what the daemon fetches itself",
    why: "with which network, devices and rights BuildKit's steps run travels past the gate, and no limit holds for them",
    fix: "build elsewhere, or with DOCKER_BUILDKIT=0 and the limits that the other rules ask for",
    options: &[(
        "classic",
        "whether the classic builder is refused as well, so that nothing is built on this host",
    )],
    references: References {
        guide: "",
        cis: "",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["opaque_build"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    classic: bool,
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let finding = match call.opaque_build() {
        None => return Vec::new(),
        Some(OpaqueBuild::Classic) if !options.classic => return Vec::new(),
        Some(OpaqueBuild::Classic) => {
            Finding::new("it builds on this host", "build on another host")
        }
        Some(OpaqueBuild::BuildKit) if options.classic => {
            Finding::new("it builds with BuildKit", "build on another host")
        }
        Some(OpaqueBuild::BuildKit) => Finding::new(
            "it builds with BuildKit, unseen",
            "set DOCKER_BUILDKIT=0, or build on another host",
        ),
        Some(OpaqueBuild::Remote) => Finding::new(
            "the daemon is to fetch what it builds",
            "fetch it first and send it as the context",
        ),
    };
    vec![finding]
}
