//! `root-user`: processes are not root inside the container.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::Call;

pub(super) static META: Meta = Meta {
    id: "root-user",
    title: "refuses containers that run as root, or as nobody said whom, or in root's and Docker's groups",
    why: "root inside is root outside as soon as one wall falls; without a user, the image decides",
    fix: "add --user=1000:1000",
    options: &[],
    references: References {
        guide: "2",
        cis: "4.1",
        pss: "restricted",
        anssi: "R7",
    },
    exemptible: true,
};

/// Groups that own the host's disks or its Docker socket.
const GROUPS: &[&str] = &["root", "docker", "disk"];

// moby/sys/user GetExecUser: a number is read by strconv.Atoi, so `00` and `+0` are root too.
fn is_root(name: &str) -> bool {
    name == "root" || name.parse::<i64>() == Ok(0)
}

fn is_privileged_group(name: &str) -> bool {
    is_root(name) || GROUPS.contains(&name)
}

pub(super) fn check(_: &Options, call: &Call) -> Vec<Finding> {
    let Some(user) = call.user() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let name = user
        .user
        .split_once(':')
        .map_or(user.user.as_str(), |(name, _)| name);
    if name.is_empty() {
        findings.push(Finding::new(
            "`User` is not set, and the image may say root",
            META.fix,
        ));
    } else if is_root(name) {
        findings.push(Finding::new(format!("`User` is `{}`", user.user), META.fix));
    }
    if let Some((_, group)) = user
        .user
        .split_once(':')
        .filter(|(_, group)| is_privileged_group(group))
    {
        findings.push(Finding::new(
            format!("`User` has the group `{group}`"),
            META.fix,
        ));
    }
    for group in &user.groups {
        if is_privileged_group(group) {
            findings.push(Finding::new(
                format!("`HostConfig.GroupAdd` has `{group}`"),
                format!("remove --group-add={group}"),
            ));
        }
    }
    findings
}
