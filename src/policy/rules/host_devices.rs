//! `host-devices`: no device but those that the policy allows.

use serde::{Deserialize, Deserializer, Serialize};

use super::{AllowedPath, Finding, Meta, Mode, References, privileged_switches_off};
use crate::docker::{Call, Device, Host};

pub(super) static META: Meta = Meta {
    id: "host-devices",
    title: "refuses devices, device cgroup rules and device requests beyond `allow` and `requests`",
    why: "a disk, /dev/mem or a GPU driver leads around every other wall",
    fix: "remove --device, --device-cgroup-rule and --gpus, or ask for the device to be allowed",
    options: &[
        (
            "allow",
            "devices that may be given, with the rights out of `rwm`: `/dev/fuse:rw`",
        ),
        (
            "requests",
            "drivers, capabilities and device names that --gpus and --device with a CDI name may ask for",
        ),
    ],
    references: References {
        guide: "4",
        cis: "5.18",
        pss: "baseline",
        anssi: "R2",
    },
    exemptible: true,
    views: &["privileged", "devices"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    #[serde(deserialize_with = "read_allow")]
    allow: Vec<AllowedPath>,
    requests: Vec<String>,
}

fn read_allow<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AllowedPath>, D::Error> {
    let rights = |text: &str| text.chars().all(|char| "rwm".contains(char));
    Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|text| AllowedPath::parse(text, rights, "`PATH` or `PATH:` and rights out of `rwm`"))
        .collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}

impl Options {
    pub(super) fn resolve(&mut self, host: &dyn Host) {
        for allowed in &mut self.allow {
            allowed.resolve(host);
        }
    }

    fn allows(&self, device: &Device) -> bool {
        let Ok(file) = &device.file else {
            return false;
        };
        let Ok(resolved) = &file.resolved else {
            return false;
        };
        // The worst case: an engine that takes none for all of them.
        let wanted = if device.permissions.is_empty() {
            "rwm"
        } else {
            &device.permissions
        };
        [&file.written, resolved].iter().all(|path| {
            self.allow.iter().any(|allowed| {
                allowed.covers(path)
                    && (allowed.rights.is_empty()
                        || wanted.chars().all(|right| allowed.rights.contains(right)))
            })
        })
    }
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let mut findings: Vec<Finding> = privileged_switches_off(call, "the device cgroup")
        .into_iter()
        .collect();
    let Some(devices) = call.devices() else {
        return findings;
    };
    for device in devices
        .mappings
        .iter()
        .filter(|device| !options.allows(device))
    {
        let path = match &device.file {
            Ok(file) => file.written.as_str(),
            Err(text) => text,
        };
        findings.push(Finding::new(
            format!("it is given the device `{path}` ({})", device.permissions),
            format!("remove --device={path}"),
        ));
    }
    for rule in &devices.rules {
        findings.push(Finding::new(
            format!("it has the device rule `{rule}`"),
            "remove --device-cgroup-rule",
        ));
    }
    for request in &devices.requests {
        let beyond: Vec<&str> = request
            .names
            .iter()
            .filter(|name| !options.requests.contains(name))
            .map(String::as_str)
            .collect();
        if !beyond.is_empty() || request.names.is_empty() {
            findings.push(Finding::new(
                format!("it requests devices ({})", beyond.join(", ")),
                "remove --gpus and CDI devices",
            ));
        }
    }
    findings
}
