//! A request as text, the way HTTP writes it, and the envelope that dockerd would make of it.
//!
//! The text is what the fuzzer changes: a change of one byte is a change of the request, and not of
//! base64 in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// The line that names the caller: `:user NAME`.
const USER: &str = ":user ";

/// A request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The request target.
    pub target: String,
    /// The common name of the caller's certificate.
    pub user: Option<String>,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads a text: the request line, lines of headers, an empty line, the body.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let (head, body) = split(text);
        let head = String::from_utf8_lossy(head);
        let mut lines = head.split('\n');
        let line = lines.next().unwrap_or_default();
        let (method, target) = line.split_once(' ').unwrap_or((line, ""));
        let mut request = Self {
            method: method.to_owned(),
            target: target.to_owned(),
            user: None,
            headers: Vec::new(),
            body: body.to_vec(),
        };
        for line in lines {
            if let Some(user) = line.strip_prefix(USER) {
                request.user = Some(user.to_owned());
            } else if let Some((name, value)) = line.split_once(": ") {
                request.headers.push((name.to_owned(), value.to_owned()));
            }
        }
        request
    }

    /// The envelope.
    // moby pkg/authorization/api.go: every field is `omitempty`; authz.go headers: the last one counts.
    #[must_use]
    pub fn envelope(&self) -> Vec<u8> {
        let mut envelope = Map::new();
        let mut put = |name: &str, value: Value| {
            if value != "" {
                envelope.insert(name.to_owned(), value);
            }
        };
        put("RequestMethod", self.method.clone().into());
        put("RequestUri", self.target.clone().into());
        put("RequestBody", STANDARD.encode(&self.body).into());
        if let Some(user) = &self.user {
            put("User", user.clone().into());
            put("UserAuthNMethod", "TLS".into());
        }
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        if !headers.is_empty() {
            put("RequestHeaders", headers.into());
        }
        Value::from(envelope).to_string().into_bytes()
    }
}

/// The head of a text, and the body behind the empty line.
fn split(text: &[u8]) -> (&[u8], &[u8]) {
    match text.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&text[..at], &text[at + 2..]),
        None => (text, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_an_envelope() {
        let text =
            b"POST /v1.41/containers/create\n:user ops\nContent-Type: a\nContent-Type: b\n\n{}\n\n";
        let envelope = Request::parse(text).envelope();
        assert_eq!(
            serde_json::from_slice::<Value>(&envelope).unwrap(),
            json!({
                "RequestMethod": "POST",
                "RequestUri": "/v1.41/containers/create",
                "RequestBody": STANDARD.encode("{}\n\n"),
                "RequestHeaders": {"Content-Type": "b"},
                "User": "ops",
                "UserAuthNMethod": "TLS",
            })
        );
        assert_eq!(Request::parse(b"").envelope(), b"{}");
    }
}
