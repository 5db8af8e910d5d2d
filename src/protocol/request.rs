//! The envelope: what dockerd tells of one API request.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use thiserror::Error;

/// One API request as dockerd describes it.
// moby pkg/authorization/api.go: Request; all fields are `omitempty`, so an absent key is a zero value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthzRequest<'a> {
    /// Common name of the TLS client certificate; absent on a Unix socket and without one.
    pub user: Option<Cow<'a, str>>,
    /// `TLS` when `user` is set.
    pub user_authn_method: Option<Cow<'a, str>>,
    /// The HTTP method, in the case the client sent.
    pub request_method: Cow<'a, str>,
    /// The raw request target: not decoded, with its query, possibly in absolute form.
    pub request_uri: Cow<'a, str>,
    /// The body, when dockerd chose to forward one.
    pub request_body: Body,
    /// One value a name: the *last* one sent, while dockerd acts on the first. They may speak
    /// against a request, never for it.
    pub request_headers: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// Every certificate of the client, as base64 of its PEM.
    pub request_peer_certificates: Vec<Cow<'a, str>>,
    /// Status of dockerd's own answer; only `AuthZRes` carries it.
    pub response_status_code: Option<u16>,
    /// Headers of dockerd's own answer; only `AuthZRes` carries them.
    pub response_headers: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// Body of dockerd's own answer, at most its last 64 KiB; only `AuthZRes` carries it.
    pub response_body: Body,
}

/// A body as the envelope carries it.
///
/// Absent does not mean that the request has none: dockerd hides the bodies of some requests from
/// its plugins and runs them all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// dockerd forwarded no body, or an empty one.
    Absent,
    /// The bytes of the body; never empty.
    Bytes(Vec<u8>),
}

/// Why an envelope could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EnvelopeError {
    /// dockerd sends a request again when its connection died, and by then has used up the body.
    #[error("dockerd sent it again without its content after a broken connection")]
    Empty,
    /// Over [`super::ENVELOPE_LIMIT`], or the connection broke while it was read.
    #[error("it did not arrive whole: {0}")]
    Incomplete(String),
    /// Not the JSON object that the protocol asks for.
    #[error("what dockerd sent is not an authorization request: {0}")]
    Json(String),
    /// A body that is not base64.
    #[error("`{0}` is not base64")]
    Base64(&'static str),
    /// A method or a request target is due in every request.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

/// The envelope on the wire. Unknown fields are left alone: a newer dockerd may add some, and what
/// a request does stands in the fields below.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire<'a> {
    #[serde(borrow, default)]
    user: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "UserAuthNMethod")]
    user_authn_method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    request_method: Cow<'a, str>,
    #[serde(borrow, default)]
    request_uri: Cow<'a, str>,
    #[serde(borrow, default)]
    request_body: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    request_headers: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(borrow, default)]
    request_peer_certificates: Option<Vec<Cow<'a, str>>>,
    #[serde(default)]
    response_status_code: Option<u16>,
    #[serde(borrow, default)]
    response_headers: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(borrow, default)]
    response_body: Option<Cow<'a, str>>,
}

impl<'a> AuthzRequest<'a> {
    /// Reads an envelope.
    ///
    /// # Errors
    ///
    /// When there is none, when it is not the JSON of the protocol, or when it lacks what every
    /// request has.
    pub fn parse(raw: &'a [u8]) -> Result<Self, EnvelopeError> {
        if raw.is_empty() {
            return Err(EnvelopeError::Empty);
        }
        let wire: Wire<'a> =
            serde_json::from_slice(raw).map_err(|error| EnvelopeError::Json(in_words(&error)))?;
        if wire.request_method.is_empty() {
            return Err(EnvelopeError::Missing("RequestMethod"));
        }
        if wire.request_uri.is_empty() {
            return Err(EnvelopeError::Missing("RequestUri"));
        }
        Ok(Self {
            user: wire.user.filter(|user| !user.is_empty()),
            user_authn_method: wire.user_authn_method.filter(|method| !method.is_empty()),
            request_method: wire.request_method,
            request_uri: wire.request_uri,
            request_body: Body::decode(wire.request_body.as_deref(), "RequestBody")?,
            request_headers: wire.request_headers.unwrap_or_default(),
            request_peer_certificates: wire.request_peer_certificates.unwrap_or_default(),
            response_status_code: wire.response_status_code,
            response_headers: wire.response_headers.unwrap_or_default(),
            response_body: Body::decode(wire.response_body.as_deref(), "ResponseBody")?,
        })
    }
}

/// Says where and of what kind the error is. serde's own words would quote the value.
fn in_words(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "no JSON",
        serde_json::error::Category::Data => "a value of another type than is due",
        serde_json::error::Category::Eof => "its end is missing",
    };
    format!("{kind}, line {} column {}", error.line(), error.column())
}

impl Body {
    fn decode(text: Option<&str>, field: &'static str) -> Result<Self, EnvelopeError> {
        let bytes = STANDARD
            .decode(text.unwrap_or_default())
            .map_err(|_| EnvelopeError::Base64(field))?;
        Ok(if bytes.is_empty() {
            Self::Absent
        } else {
            Self::Bytes(bytes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_field() {
        let raw = br#"{"User":"ops","UserAuthNMethod":"TLS","RequestMethod":"POST",
            "RequestUri":"/v1.41/containers/create","RequestBody":"e30=",
            "RequestHeaders":{"Content-Type":"application/json"},
            "RequestPeerCertificates":["LS0t"],"ResponseStatusCode":201,
            "ResponseHeaders":{"Server":"Docker"},"ResponseBody":"e30=","Later":1}"#;
        let request = AuthzRequest::parse(raw).unwrap();
        assert_eq!(request.user.as_deref(), Some("ops"));
        assert_eq!(request.user_authn_method.as_deref(), Some("TLS"));
        assert_eq!(request.request_method, "POST");
        assert_eq!(request.request_uri, "/v1.41/containers/create");
        assert_eq!(request.request_body, Body::Bytes(b"{}".to_vec()));
        assert_eq!(request.request_headers.len(), 1);
        assert_eq!(request.request_peer_certificates, ["LS0t"]);
        assert_eq!(request.response_status_code, Some(201));
        assert_eq!(request.response_headers.len(), 1);
        assert_eq!(request.response_body, Body::Bytes(b"{}".to_vec()));
    }

    #[test]
    fn an_empty_user_is_nobody() {
        let raw = br#"{"User":"","RequestMethod":"GET","RequestUri":"/info"}"#;
        assert_eq!(AuthzRequest::parse(raw).unwrap().user, None);
    }

    #[test]
    fn an_empty_envelope_says_where_its_content_went() {
        let error = AuthzRequest::parse(b"").unwrap_err();
        assert_eq!(error, EnvelopeError::Empty);
        assert!(error.to_string().contains("without its content"));
    }

    #[test]
    fn broken_envelopes_are_errors() {
        for raw in [
            &b"x"[..],
            b"{",
            b"null",
            b"{} {}",
            b"\xff",
            br#"{"RequestMethod":1,"RequestUri":"/"}"#,
        ] {
            assert!(
                matches!(AuthzRequest::parse(raw), Err(EnvelopeError::Json(_))),
                "{raw:?}"
            );
        }
        assert_eq!(
            AuthzRequest::parse(b"{}"),
            Err(EnvelopeError::Missing("RequestMethod"))
        );
        assert_eq!(
            AuthzRequest::parse(b"[]"),
            Err(EnvelopeError::Missing("RequestMethod"))
        );
        assert_eq!(
            AuthzRequest::parse(br#"{"RequestMethod":"GET"}"#),
            Err(EnvelopeError::Missing("RequestUri"))
        );
        assert_eq!(
            AuthzRequest::parse(br#"{"RequestMethod":"GET","RequestUri":"/","RequestBody":"*"}"#),
            Err(EnvelopeError::Base64("RequestBody"))
        );
    }
}
