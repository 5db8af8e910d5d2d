//! `root-user`: processes are not root inside the container.

pub(super) use super::ModeOnly as Options;
use super::{Finding, Meta, References};
use crate::docker::{Call, Kind, Otherwise, Setting};

pub(super) static META: Meta = Meta {
    id: "root-user",
    title: "refuses containers and execs that run as root, or as nobody said whom, or in root's and Docker's groups",
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
    views: &["user"],
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
    let Setting { field, value } = &user.user;
    let (name, group) = match value.split_once(':') {
        Some((name, group)) => (name, Some(group)),
        None => (value.as_str(), None),
    };
    if is_root(name) {
        findings.push(Finding::new(format!("`{field}` is `{value}`"), META.fix));
    } else if name.is_empty() && user.otherwise == Otherwise::Image {
        findings.push(Finding::new(
            format!("`{field}` is not set, and the image may say root"),
            META.fix,
        ));
    }
    if let Some(group) = group.filter(|group| is_privileged_group(group)) {
        findings.push(Finding::new(
            format!("`{field}` has the group `{group}`"),
            META.fix,
        ));
    }
    for group in user
        .groups
        .iter()
        .filter(|group| is_privileged_group(group))
    {
        findings.push(Finding::new(
            format!("`{}` has `{group}`", user.groups_field),
            if call.kind() == Kind::Service {
                format!("remove --group={group}")
            } else {
                format!("remove --group-add={group}")
            },
        ));
    }
    findings
}
