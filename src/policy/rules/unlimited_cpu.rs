//! `unlimited-cpu`: a quota that limits.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, Cpu, Kind, Zero};
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
    views: &["cpu"],
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
    let Some(cpu) = call.cpu() else {
        return Vec::new();
    };
    let fix = if call.kind() == Kind::Build {
        "add --cpu-period=100000 --cpu-quota=100000"
    } else if call.kind() == Kind::Service {
        "add --limit-cpu=1"
    } else if cpu.zero == Zero::Keeps && cpu.nano_cpus.value == 0 {
        "give --cpu-period=100000 and --cpu-quota=100000 together, or --cpus=1"
    } else {
        META.fix
    };
    let mut findings = Vec::new();
    if cpu.realtime_runtime.value != 0 {
        findings.push(Finding::new(
            format!(
                "`{}` is set: real-time processes go before all others",
                cpu.realtime_runtime.field
            ),
            "remove --cpu-rt-runtime",
        ));
    }
    // A CPU quota does not bound real-time processes on most kernels (no CONFIG_RT_GROUP_SCHED).
    if let Some(field) = cpu.realtime_priority {
        findings.push(Finding::new(
            format!("`{field}` allows real-time priorities, which no quota bounds"),
            "remove --ulimit rtprio",
        ));
    }
    match limit(cpu) {
        Ok(None) => {}
        Err(found) => findings.push(Finding::new(found, fix)),
        Ok(Some(nanos)) => {
            let host = cpu
                .host
                .cpus
                .and_then(|cpus| cpus.checked_mul(1_000_000_000));
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
                    fix,
                ));
            }
        }
    }
    findings
}

/// The limit in billionths of a processor; `None` when the request leaves it as it is. The error
/// says why there is none.
fn limit(cpu: &Cpu) -> Result<Option<i64>, String> {
    let (nanos, quota) = (cpu.nano_cpus, cpu.quota);
    if quota.value < 0 {
        return Err(format!(
            "`{}` is {}, which is no limit",
            quota.field, quota.value
        ));
    }
    // Half of the pair is as it was, and nobody here knows how.
    if cpu.zero == Zero::Keeps && (quota.value == 0) != (cpu.period.value == 0) {
        return Err(format!(
            "only one of `{}` and `{}` is given, and what they come to depends on both",
            quota.field, cpu.period.field
        ));
    }
    if quota.value > 0 {
        let period = match cpu.period.value {
            0 => DEFAULT_PERIOD,
            period => period,
        };
        return match quota.value.checked_mul(1_000_000_000) {
            Some(nanos) if quota.value >= LEAST_QUOTA && period > 0 => {
                Ok(Some(nanos.checked_div(period).unwrap_or(i64::MAX)))
            }
            _ => Err(format!(
                "`{}` is {} in periods of {period}, which is no limit",
                quota.field, quota.value
            )),
        };
    }
    match nanos.value {
        0 if cpu.zero == Zero::Keeps => Ok(None),
        0 if nanos.field == quota.field => Err(format!("`{}` is not set", nanos.field)),
        0 => Err(format!(
            "neither `{}` nor `{}` is set",
            nanos.field, quota.field
        )),
        small if small < LEAST_NANO_CPUS => Err(format!(
            "`{}` is {small}, which computes to no limit",
            nanos.field
        )),
        nanos => Ok(Some(nanos)),
    }
}
