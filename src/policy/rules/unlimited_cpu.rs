//! `unlimited-cpu`: a quota that limits.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::Call;
use crate::policy::Cpus;

pub(super) static META: Meta = Meta {
    id: "unlimited-cpu",
    title: "refuses containers without a CPU limit, or with one above `max` or above the host's processors",
    why: "one container can take every processor of the host; shares and CPU sets do not bound it",
    fix: "add --cpus=1",
    options: &[(
        "max",
        "the highest number of processors, as 2 or 1.5; without it, the host's",
    )],
    references: References {
        guide: "7.3",
        cis: "5.12",
        pss: "",
        anssi: "R11",
    },
    exemptible: true,
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    max: Option<Cpus>,
}

/// Below a hundredth of a processor the quota that dockerd computes is zero or too small for the
/// kernel: no limit is left.
const LEAST_NANO_CPUS: i64 = 10_000_000;

/// What `CpuPeriod` 0 stands for, in microseconds.
const DEFAULT_PERIOD: i64 = 100_000;

/// The least quota that dockerd takes, in microseconds.
const LEAST_QUOTA: i64 = 1_000;

// moby daemon_unix.go getCPUResources: NanoCpus becomes a quota of NanoCpus * 100000 / 1e9; a
// CpuQuota that is not zero then replaces it, a negative one too.
pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let Some(limits) = call.limits() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if limits.cpu_realtime_runtime != 0 {
        findings.push(Finding::new(
            "`HostConfig.CpuRealtimeRuntime` is set: real-time processes go before all others",
            "remove --cpu-rt-runtime",
        ));
    }
    // A CPU quota does not bound real-time processes on most kernels (no CONFIG_RT_GROUP_SCHED).
    if limits.realtime_priority {
        findings.push(Finding::new(
            "`HostConfig.Ulimits` allows real-time priorities, which no quota bounds",
            "remove --ulimit rtprio",
        ));
    }
    let cpus = if limits.cpu_quota < 0 {
        Err(format!(
            "`HostConfig.CpuQuota` is {}, which is no limit",
            limits.cpu_quota
        ))
    } else if limits.cpu_quota > 0 {
        let period = match limits.cpu_period {
            0 => DEFAULT_PERIOD,
            period => period,
        };
        match limits.cpu_quota.checked_mul(1_000_000_000) {
            Some(nanos) if limits.cpu_quota >= LEAST_QUOTA && period > 0 => {
                Ok(nanos.checked_div(period).unwrap_or(i64::MAX))
            }
            _ => Err(format!(
                "`HostConfig.CpuQuota` is {} in periods of {period}, which is no limit",
                limits.cpu_quota
            )),
        }
    } else if limits.nano_cpus == 0 {
        Err("neither `HostConfig.NanoCpus` nor `HostConfig.CpuQuota` is set".to_owned())
    } else if limits.nano_cpus < LEAST_NANO_CPUS {
        Err(format!(
            "`HostConfig.NanoCpus` is {}, which computes to no limit",
            limits.nano_cpus
        ))
    } else {
        Ok(limits.nano_cpus)
    };
    let host = limits
        .host
        .cpus
        .and_then(|cpus| cpus.checked_mul(1_000_000_000));
    match cpus {
        Err(found) => findings.push(Finding::new(found, META.fix)),
        Ok(nanos) => {
            if let Some(max) = options.max.filter(|max| nanos > max.nanos()) {
                findings.push(Finding::new(
                    format!(
                        "it may use {} processors, above {max}",
                        Cpus::from_nanos(nanos)
                    ),
                    format!("lower it to --cpus={max}"),
                ));
            } else if let Some(all) = host.filter(|all| nanos > *all) {
                findings.push(Finding::new(
                    format!(
                        "it may use {} processors, more than this host has ({}), which is no limit",
                        Cpus::from_nanos(nanos),
                        Cpus::from_nanos(all)
                    ),
                    META.fix,
                ));
            }
        }
    }
    findings
}
