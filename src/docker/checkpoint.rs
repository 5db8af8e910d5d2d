//! Checkpoints of experimental daemons, which write to and read from a directory of the host.

use serde::Deserialize;

use super::json::{self, Notes};
use super::mount::{self, Mount};
use super::views::Views;
use super::{Call, Host, Kind, Query, Read, fields};

/// Reads the body of a checkpoint create.
pub(super) fn create(body: &[u8], host: &dyn Host) -> Read {
    let (wire, notes): (Wire, Notes) = json::read(body, fields::sort)?;
    let (unknown_fields, notes) = notes.split();
    let call = Call::new(
        Kind::Checkpoint,
        Views {
            mounts: Some(
                written_to("CheckpointDir", &wire.checkpoint_dir, host)
                    .into_iter()
                    .collect(),
            ),
            unknown_fields: Some(unknown_fields),
            ..Views::default()
        },
    );
    Ok((call, notes))
}

/// Reads the query of a list or a removal.
pub(super) fn directory(query: &Query, host: &dyn Host) -> Call {
    Call::new(
        Kind::Checkpoint,
        Views {
            mounts: Some(
                written_to("dir", query.first("dir"), host)
                    .into_iter()
                    .collect(),
            ),
            ..Views::default()
        },
    )
}

/// A directory of the host that dockerd works in for the caller; none for its own.
// moby daemon/checkpoint.go getCheckpointDir: filepath.Join below the directory that is given.
pub(super) fn written_to(field: &'static str, path: &str, host: &dyn Host) -> Option<Mount> {
    (!path.is_empty()).then(|| Mount {
        field: field.to_owned(),
        source: mount::host_source(path, host),
        read_only: false,
        propagation: String::new(),
    })
}

/// Whether dockerd looks for a checkpoint of this name in its own directory; so does none.
// moby daemon/start.go, container_routes.go: the name is checked where a checkpoint is made, and joined
// to the directory as it is where one is restored.
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.contains('/') && !name.contains("..")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "CheckpointCreate", rename_all = "PascalCase")]
struct Wire {
    checkpoint_dir: String,
}
