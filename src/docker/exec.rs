//! The body of an exec create: a command in a container that is there.

use serde::Deserialize;

use super::json::{self, Notes};
use super::views::{Otherwise, Setting, User, Views};
use super::{Call, Kind, Read, fields};

/// Reads the body of an exec create.
pub(super) fn create(body: &[u8]) -> Read {
    let (wire, notes): (Wire, Notes) = json::read(body, fields::sort)?;
    let (unknown_fields, notes) = notes.split();
    let call = Call::new(
        Kind::Exec,
        Views {
            privileged: Some(wire.privileged),
            user: Some(User {
                user: Setting {
                    field: "User",
                    value: wire.user,
                },
                groups: Vec::new(),
                groups_field: "",
                otherwise: Otherwise::Container,
            }),
            unknown_fields: Some(unknown_fields),
            ..Views::default()
        },
    );
    Ok((call, notes))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "ExecCreate", rename_all = "PascalCase")]
struct Wire {
    user: String,
    privileged: bool,
}
