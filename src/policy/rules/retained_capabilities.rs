//! `retained-capabilities`: nothing of Docker's default capabilities is kept.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::{Call, Capability, DEFAULT_CAPABILITIES};

pub(super) static META: Meta = Meta {
    id: "retained-capabilities",
    title: "refuses containers that keep Docker's default capabilities",
    why: "fourteen capabilities are kept when nothing is dropped, and few programs need any of them",
    fix: "add --cap-drop=ALL, and --cap-add for what the program needs",
    options: &[],
    references: References {
        guide: "3",
        cis: "5.4",
        pss: "restricted",
        anssi: "R8",
    },
    exemptible: true,
    views: &["privileged", "capabilities"],
};

// moby oci/caps/utils.go TweakCapabilities: privileged gives all; CapAdd ALL gives all but the
// dropped ones, and dropping ALL then drops nothing; CapDrop ALL leaves what was added; else
// default minus dropped plus added.
pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    let Some(capabilities) = call.capabilities() else {
        return Vec::new();
    };
    if call.privileged() == Some(&true) {
        return vec![Finding::new(
            "a privileged container keeps every capability",
            "remove --privileged and add --cap-drop=ALL",
        )];
    }
    if capabilities.ignored {
        return vec![Finding::new(
            "it keeps Docker's default capabilities, since this API version has none to drop",
            "use API 1.41 or newer, and add --cap-drop=ALL",
        )];
    }
    if capabilities.add.contains(&Capability::All) {
        return vec![Finding::new(
            "--cap-add=ALL undoes every --cap-drop",
            "remove --cap-add=ALL and add --cap-drop=ALL",
        )];
    }
    if capabilities.drop.contains(&Capability::All) {
        return Vec::new();
    }
    let kept: Vec<String> = DEFAULT_CAPABILITIES
        .iter()
        .filter(|capability| !capabilities.drop.contains(capability))
        .map(ToString::to_string)
        .collect();
    if kept.is_empty() {
        Vec::new()
    } else if kept.len() == DEFAULT_CAPABILITIES.len() {
        vec![Finding::new(
            "it keeps Docker's default capabilities",
            "add --cap-drop=ALL",
        )]
    } else {
        vec![Finding::new(
            format!(
                "it keeps {} of Docker's default capabilities",
                kept.join(", ")
            ),
            "add --cap-drop=ALL",
        )]
    }
}
