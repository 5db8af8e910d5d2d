//! Builds: the classic builder's parameters, and what only tells that it is a build.
//!
//! The containers of a build are made inside of dockerd: no plugin is asked about them.

use std::collections::BTreeSet;

use super::confinement::Confinement;
use super::image::ImageRef;
use super::json::{self, JsonError, NOTE_LIMIT, Notes};
use super::network::mode;
use super::ulimit::Ulimit;
use super::views::{
    Amount, Cpu, Memory, Namespace, NamespaceKind, NewNames, OpaqueBuild, Setting, Views, Zero,
};
use super::{Call, Host, Kind, Query, Read, fields};

/// Reads the query of a build.
// moby daemon/server/router/build/build_routes.go newImageBuildOptions.
pub(super) fn parameters(query: &Query, host: &dyn Host) -> Read {
    let security: Vec<String> = query.all("securityopt").map(ToOwned::to_owned).collect();
    let security = Confinement::parse(&security);
    let (ulimits, notes) = ulimits(query)?;
    let (below_ulimits, notes) = notes.split();
    let mut unknown_fields = unknown_parameters(query);
    unknown_fields.extend(below_ulimits.iter().map(|path| format!("ulimits{path}")));
    unknown_fields.extend(
        security
            .unknown
            .iter()
            .map(|key| format!("securityopt {key}")),
    );
    let mut views = Views {
        namespaces: Some(vec![Namespace {
            kind: NamespaceKind::Network,
            mode: mode(query.first("networkmode")),
            field: "networkmode".to_owned(),
        }]),
        // moby build_routes.go: one for each entry; engines on Linux refuse any.
        confinement: query.all("securityopt").next().map(|_| security),
        unknown_fields: Some(unknown_fields),
        ..Views::default()
    };
    // moby build_routes.go parseVersion: `1` is the default, another than `1` and `2` an error.
    let classic = matches!(query.first("version"), "" | "1");
    views.opaque_build = Some(if !classic {
        OpaqueBuild::BuildKit
    } else if query.first("remote").is_empty() {
        OpaqueBuild::Classic
    } else {
        OpaqueBuild::Remote
    });
    views.new_names = Some(NewNames {
        by: "builds",
        // moby daemon/internal/builder-next/builder.go: an exporter has names of its own.
        names: (classic || is_zero(query.first("outputs")))
            .then(|| query.all("t").map(ImageRef::parse).collect()),
    });
    let parent = query.first("cgroupparent");
    views.cgroup_parents = Some(
        (!parent.is_empty())
            .then(|| Setting {
                field: "cgroupparent",
                value: parent.to_owned(),
            })
            .into_iter()
            .collect(),
    );
    // moby daemon/internal/builder-next: BuildKit leaves the limits out, whatever they say.
    if classic {
        let amount = |field| Amount {
            field,
            value: query.number(field),
        };
        let none = |field| Amount { field, value: 0 };
        views.memory = Some(Memory {
            limit: amount("memory"),
            swap: amount("memswap"),
            zero: Zero::Unlimited,
            host: host.size(),
        });
        views.cpu = Some(Cpu {
            nano_cpus: none("cpuquota"),
            period: amount("cpuperiod"),
            quota: amount("cpuquota"),
            realtime_runtime: none("cpuquota"),
            realtime_priority: ulimits.iter().any(Ulimit::is_realtime).then_some("ulimits"),
            zero: Zero::Unlimited,
            host: host.size(),
        });
    }
    Ok((Call::new(Kind::Build, views), notes))
}

/// A stream to the builder: a session, or its whole control interface.
pub(super) fn stream() -> Call {
    Call::new(
        Kind::Build,
        Views {
            opaque_build: Some(OpaqueBuild::BuildKit),
            new_names: Some(NewNames {
                by: "builds",
                names: None,
            }),
            ..Views::default()
        },
    )
}

fn ulimits(query: &Query) -> Result<(Vec<Ulimit>, Notes), JsonError> {
    match query.first("ulimits") {
        "" => Ok((Vec::new(), Notes::default())),
        text => json::read(text.as_bytes(), fields::sort),
    }
}

/// Parameters that are set, that nothing above reads and that no list calls harmless.
fn unknown_parameters(query: &Query) -> Vec<String> {
    let unknown: BTreeSet<&str> = query
        .pairs()
        .filter(|(name, value)| !is_zero(value) && !is_known(name))
        .map(|(name, _)| name)
        .collect();
    let more = unknown.len().saturating_sub(NOTE_LIMIT);
    let mut named: Vec<String> = unknown
        .into_iter()
        .take(NOTE_LIMIT)
        .map(ToOwned::to_owned)
        .collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named
}

/// Whether a parameter says what leaving it out would say.
fn is_zero(value: &str) -> bool {
    matches!(value, "" | "0" | "false" | "null" | "[]" | "{}")
}

/// The parameters that are read above.
const READ: &[&str] = &[
    "cgroupparent",
    "cpuperiod",
    "cpuquota",
    "memory",
    "memswap",
    "networkmode",
    "remote",
    "securityopt",
    "t",
    "ulimits",
    "version",
];

fn is_known(name: &str) -> bool {
    READ.contains(&name) || fields::is_harmless("Build", name)
}
