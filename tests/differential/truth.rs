//! What a running container is, as the kernel tells: the judge of the judge.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::engine::Engine;

/// Whether a container mounts nothing of the host but what this test has made.
pub(crate) fn touches_only(inspect: &Value, dir: &str) -> bool {
    inspect["Mounts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|mount| mount["Type"] == "bind")
        .filter_map(|mount| mount["Source"].as_str())
        .all(|source| source.starts_with(&format!("{dir}/own")))
}

/// What is wrong with the process of a container, or nothing when it has ended by now.
pub(crate) fn look(engine: &Engine, id: &str) -> Option<Vec<String>> {
    let pid = engine.get(&format!("/containers/{id}/json"))["State"]["Pid"].as_i64()?;
    // The daemon has its own process numbers, and /proc of its own.
    let all = engine.root().join("proc");
    let process = all.join(pid.to_string());
    let read = |name: &str| fs::read_to_string(process.join(name)).ok();
    let (status, groups, mounts) = (read("status")?, read("cgroup")?, read("mountinfo")?);
    let mut faults = Vec::new();

    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        if !field(set).trim_matches('0').is_empty() {
            faults.push(format!("{set} {}", field(set)));
        }
    }
    if field("Seccomp") != "2" {
        faults.push(format!("Seccomp {}", field("Seccomp")));
    }
    for kind in ["net", "pid", "ipc", "uts", "mnt", "cgroup"] {
        let of = |process: &Path| fs::read_link(process.join("ns").join(kind)).ok();
        let own = of(&process)?;
        // The daemon is not the first process of its namespace, but it shares that one's.
        if Some(own) == of(&all.join("1")) {
            faults.push(format!("the host's {kind} namespace"));
        }
    }
    let root_options = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .find(|fields| fields[4] == "/")
        .map(|fields| fields[5].to_owned())?;
    if !root_options.split(',').any(|option| option == "ro") {
        faults.push(format!("its root is mounted {root_options}"));
    }
    faults.extend(limits(engine, &groups));
    Some(faults)
}

/// What is not bounded, by the files of the process's control groups.
fn limits(engine: &Engine, groups: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = 0;
    for line in groups.lines() {
        let [_, controllers, path] = line.splitn(3, ':').collect::<Vec<_>>()[..] else {
            continue;
        };
        let of = |folder: &str, name: &str| -> Option<String> {
            let file = format!("/sys/fs/cgroup/{folder}{path}/{name}");
            Some(fs::read_to_string(file).ok()?.trim().to_owned())
        };
        let number = |folder: &str, name: &str| of(folder, name)?.parse::<i64>().ok();
        let has = |name: &str| controllers.split(',').any(|controller| controller == name);
        let mut memory = None;
        let mut cpu = None;
        if has("memory") {
            memory = Some(number(controllers, "memory.limit_in_bytes"));
        }
        if has("cpu") {
            cpu = Some(
                number(controllers, "cpu.cfs_quota_us")
                    .zip(number(controllers, "cpu.cfs_period_us")),
            );
        }
        if controllers.is_empty() {
            // The unified tree has all or, beside version 1, none of them.
            if let Some(most) = of("", "memory.max") {
                memory = Some(most.parse().ok());
            }
            if let Some(most) = of("", "cpu.max") {
                let pair = most
                    .split_once(' ')
                    .and_then(|(quota, period)| Some((quota.parse().ok()?, period.parse().ok()?)));
                cpu = Some(pair);
            }
        }
        if let Some(memory) = memory {
            seen += 1;
            if memory.is_none_or(|bytes| bytes > engine.world.memory) {
                faults.push(format!("memory {memory:?}"));
            }
        }
        if let Some(cpu) = cpu {
            seen += 1;
            if cpu.is_none_or(|(quota, period)| quota <= 0 || quota > engine.world.cpus * period) {
                faults.push(format!("cpu {cpu:?}"));
            }
        }
    }
    if seen != 2 {
        faults.push(format!(
            "its control groups have not one limit each: {groups}"
        ));
    }
    faults
}
