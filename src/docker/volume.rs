//! The body of a volume create: driver options that are a bind mount in disguise.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::json::{self, Notes};
use super::mount::{self, Mount};
use super::views::Views;
use super::{Call, Host, Kind, Read, fields};

/// Reads the body of a volume create.
pub(super) fn create(body: &[u8], host: &dyn Host) -> Read {
    let (wire, notes): (Wire, Notes) = json::read(body, fields::sort)?;
    let (unknown_fields, notes) = notes.split();
    let call = Call::new(
        Kind::Volume,
        Views {
            mounts: Some(vec![Mount {
                field: "DriverOpts".to_owned(),
                source: mount::volume_source(&wire.driver, &wire.driver_opts, host),
                read_only: false,
                propagation: mount::volume_propagation(&wire.driver_opts),
            }]),
            unknown_fields: Some(unknown_fields),
            ..Views::default()
        },
    );
    Ok((call, notes))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "VolumeCreate", rename_all = "PascalCase")]
struct Wire {
    driver: String,
    driver_opts: BTreeMap<String, String>,
}
