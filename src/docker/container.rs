//! Containers: what a create, a start with host settings or an update asks of dockerd.

mod wire;

pub(super) use wire::HOST_CONFIG_FIELDS;

use super::json::{self, Note, Notes};
use super::views::{Replaced, Views};
use super::{ApiVersion, Call, Host, Kind, Query, Read, checkpoint, fields};
use crate::protocol::Body;
use wire::{CREATE, HostConfig, TOP, UpdateConfig, Wire};

/// Reads the body of a create.
pub(super) fn create(body: &[u8], version: Option<&ApiVersion>, host: &dyn Host) -> Read {
    let (mut wire, notes): (Wire, Notes) = json::read(body, fields::sort)?;
    let misplaced = notes
        .notes
        .iter()
        .any(|note| matches!(note, Note::Misplaced { .. }));
    // moby 20.10..26.1 runconfig/config_unix.go getHostConfig: without an inner HostConfig all of the
    // top level counts. The request is refused for it anyhow; read so, it is refused with its rules.
    if misplaced && wire.host_config.is_none() {
        let top: (HostConfig, Notes) = json::read(body, fields::sort)?;
        wire.host_config = Some(top.0);
    }
    let (unknown_fields, notes) = notes.split();
    let views = wire.views(version, unknown_fields, host);
    Ok((Call::new(Kind::Container, views), notes))
}

/// Reads a start: below API 1.24, engines up to 24 take host settings from its body in place of
/// those that the container was made with.
// moby 20.10..24 api/server/router/container/container_routes.go postContainersStart: a body of more
// than 7 bytes, or of unknown length; from API 1.24 on it is refused.
pub(super) fn start(
    body: &Body,
    query: &Query,
    version: Option<&ApiVersion>,
    host: &dyn Host,
) -> Read {
    let takes_settings = version.is_some_and(|version| version.is_below(1, 24));
    let checkpoint = checkpoint::written_to("checkpoint-dir", query.first("checkpoint-dir"), host);
    let replaced = if !checkpoint::is_plain_name(query.first("checkpoint")) {
        Some(Replaced::ByCheckpoint)
    } else if takes_settings {
        Some(Replaced::MayBeHidden)
    } else {
        None
    };
    let Some(body) = settings(body) else {
        let views = Views {
            mounts: Some(checkpoint.into_iter().collect()),
            replaced,
            ..Views::default()
        };
        return Ok((Call::new(Kind::Start, views), Vec::new()));
    };
    // Either form is taken: settings below `HostConfig`, or, without it, at the top level.
    let (wire, inner_notes): (Wire, Notes) = json::read(body, fields::sort)?;
    let (config, notes, names) = if let Some(config) = wire.host_config {
        (config, inner_notes, &CREATE)
    } else {
        let (config, notes): (HostConfig, Notes) = json::read(body, fields::sort)?;
        (config, notes, &TOP)
    };
    let (unknown_fields, notes) = notes.split();
    let mut views = config.views(names, version, unknown_fields, host);
    views.replaced = Some(Replaced::Given);
    views.mounts.get_or_insert_default().extend(checkpoint);
    Ok((Call::new(Kind::Start, views), notes))
}

/// The settings in the body of a start. Clients that send JSON with everything send an empty object.
fn settings(body: &Body) -> Option<&[u8]> {
    match body {
        Body::Absent => None,
        Body::Bytes(bytes) => {
            let bytes = bytes.trim_ascii();
            (!matches!(bytes, b"" | b"{}" | b"null")).then_some(bytes)
        }
    }
}

/// Reads the body of an update.
pub(super) fn update(body: &[u8], version: Option<&ApiVersion>, host: &dyn Host) -> Read {
    let (config, notes): (UpdateConfig, Notes) = json::read(body, fields::sort)?;
    let (unknown_fields, notes) = notes.split();
    let views = config
        .into_host_config()
        .update_views(version, unknown_fields, host);
    Ok((Call::new(Kind::Update, views), notes))
}
