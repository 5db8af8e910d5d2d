//! Managed plugins: programs that run beside dockerd with rights of their own choice.

use super::views::{PluginChange, Views};
use super::{Call, Kind, Query};

/// Reads a change to the plugins: the name in the path, and those in the query.
pub(super) fn change(verb: &'static str, path: &str, query: &Query) -> Call {
    let new = [query.first("name"), query.first("remote")]
        .into_iter()
        .filter(|name| !name.is_empty())
        .map(ToOwned::to_owned)
        .collect();
    Call::new(
        Kind::Other,
        Views {
            plugin: Some(PluginChange {
                verb,
                existing: path.to_owned(),
                new,
            }),
            ..Views::default()
        },
    )
}
