//! The body of a volume create: driver options that are a bind mount in disguise.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::json::{self, JsonError, Note};
use super::mount::{self, Mount};
use super::{Host, fields};

/// A volume that somebody wants to make, in the terms of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeCreate {
    pub(super) mounts: Vec<Mount>,
    pub(super) unknown_fields: Vec<String>,
}

impl VolumeCreate {
    /// Reads the body of a volume create.
    pub(super) fn read(body: &[u8], host: &dyn Host) -> Result<(Self, Vec<Note>), JsonError> {
        let (wire, notes): (Wire, _) = json::read(body, fields::sort)?;
        let (unknown_fields, others) = notes.split();
        let create = Self {
            mounts: vec![Mount {
                field: "DriverOpts".to_owned(),
                source: mount::volume_source(&wire.driver, &wire.driver_opts, host),
                read_only: false,
                propagation: mount::volume_propagation(&wire.driver_opts),
            }],
            unknown_fields,
        };
        Ok((create, others))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "VolumeCreate", rename_all = "PascalCase")]
struct Wire {
    driver: String,
    driver_opts: BTreeMap<String, String>,
}
