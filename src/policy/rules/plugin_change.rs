//! `plugin-change`: the managed plugins of the daemon stay as they are.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "plugin-change",
    title: "refuses to install, create, set, enable, disable, upgrade or remove a managed plugin, by a Swarm service too",
    why: "a plugin runs with the capabilities, devices and host paths that its author wrote down, as root",
    fix: "have the operator of the host change its plugins",
    options: &[],
    references: References {
        guide: "1",
        cis: "",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["plugin"],
};

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    call.plugin()
        .map(|plugin| {
            let name = std::iter::once(&plugin.existing)
                .chain(&plugin.new)
                .find(|name| !name.is_empty())
                .map_or("", String::as_str);
            Finding::new(format!("it {} the plugin `{name}`", plugin.verb), META.fix)
        })
        .into_iter()
        .collect()
}
