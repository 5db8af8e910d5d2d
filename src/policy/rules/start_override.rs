//! `start-override`: a container starts with the settings that were judged.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::{Call, Replaced};

pub(super) static META: Meta = Meta {
    id: "start-override",
    title: "refuses settings that go in place of those that were judged: host settings at a start, and API versions that take them there; checkpoints from anywhere; the rollback of a service",
    why: "a container that was made hardened then runs with other settings, which the gate did not see or judge",
    fix: "start it with API 1.24 or newer and without a body; send the settings with what makes or updates it",
    options: &[],
    references: References {
        guide: "",
        cis: "",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["replaced"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    let (found, fix) = match call.replaced() {
        None => return Vec::new(),
        Some(Replaced::Given) => (
            "it brings host settings with the start",
            "give them when the container is made",
        ),
        Some(Replaced::MayBeHidden) => (
            "its API version takes host settings with a start, and a body that holds some may not reach the gate",
            "use API 1.24 or newer",
        ),
        Some(Replaced::ByCheckpoint) => (
            "it restores a checkpoint from a place of the caller's choice",
            "give the plain name of a checkpoint",
        ),
        Some(Replaced::Earlier) => (
            "it goes back to settings that the service had before, which are not in the request",
            "send the settings themselves with docker service update",
        ),
    };
    vec![Finding::new(found, fix)]
}
