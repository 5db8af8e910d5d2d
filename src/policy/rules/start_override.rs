//! `start-override`: a container starts with the settings that it was made with.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::{Call, StartSettings};

pub(super) static META: Meta = Meta {
    id: "start-override",
    title: "refuses host settings that arrive with a start, and starts whose API version takes them",
    why: "below API 1.24, engines up to 24 put them in place of the settings that were judged",
    fix: "start it with API 1.24 or newer and without a body; give host settings when it is made",
    options: &[],
    references: References {
        guide: "",
        cis: "",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["start_settings"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    match call.start_settings() {
        None => Vec::new(),
        Some(StartSettings::Given) => vec![Finding::new(
            "it brings host settings with the start",
            "give them when the container is made",
        )],
        Some(StartSettings::MayBeHidden) => vec![Finding::new(
            "its API version takes host settings with a start, and a body that holds some may not reach the gate",
            "use API 1.24 or newer",
        )],
    }
}
