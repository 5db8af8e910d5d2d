//! The only thing ever sent back to dockerd.

use serde::Serialize;

/// An answer to `AuthZReq` or `AuthZRes`.
///
/// It has no `Err` field on purpose. dockerd ignores `Err` beside status 200 and turns any other
/// status into a 500, which clients take for a passing fault and try again for minutes; a refusal
/// is `Allow: false` with a message, which becomes a 403.
// moby pkg/authorization/api.go: Response has Allow, Msg and Err.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Reply {
    allow: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    msg: String,
}

impl Reply {
    /// Lets dockerd go on.
    #[must_use]
    pub fn allow() -> Self {
        Self {
            allow: true,
            msg: String::new(),
        }
    }

    /// Makes dockerd answer 403 with `message`.
    #[must_use]
    pub fn refuse(message: String) -> Self {
        Self {
            allow: false,
            msg: message,
        }
    }

    /// The reply as the bytes that go to dockerd.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Two plain fields cannot fail to serialize; if they ever did, a refusal is what is left.
        serde_json::to_vec(self).unwrap_or_else(|_| br#"{"Allow":false}"#.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_form_that_dockerd_reads() {
        assert_eq!(Reply::allow().to_json(), br#"{"Allow":true}"#);
        assert_eq!(
            Reply::refuse("a\nb".to_owned()).to_json(),
            br#"{"Allow":false,"Msg":"a\nb"}"#
        );
    }
}
