//! The plugin protocol: what dockerd posts to the socket and what it takes for an answer.
//!
//! Source of every name here: moby `pkg/authorization/api.go` and `pkg/plugins/plugins.go`.

mod reply;
mod request;

pub use reply::Reply;
pub use request::{AuthzRequest, Body, EnvelopeError};

/// The handshake; dockerd calls it once for each process, with an empty body.
pub const ACTIVATE: &str = "/Plugin.Activate";

/// Asked before dockerd runs a request.
pub const AUTHZ_REQ: &str = "/AuthZPlugin.AuthZReq";

/// Told after dockerd ran it; by then the action has happened.
pub const AUTHZ_RES: &str = "/AuthZPlugin.AuthZRes";

/// The answer to the handshake: this plugin authorizes, and does nothing else.
pub const MANIFEST: &str = r#"{"Implements":["authz"]}"#;

/// The media type of the plugin protocol, as dockerd asks for it in `Accept`.
pub const CONTENT_TYPE: &str = "application/vnd.docker.plugins.v1.2+json";

/// The largest envelope that is read, in bytes.
///
/// dockerd forwards bodies of up to 4 MiB (moby `pkg/authorization/authz.go` `maxBodySize`), which
/// base64 turns into 5.6 MiB. Headers, of which net/http takes 1 MiB, come on top, and Go writes some
/// characters of theirs as six.
pub const ENVELOPE_LIMIT: usize = 16 * 1024 * 1024;
