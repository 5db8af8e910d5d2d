//! Image references, in the long form that dockerd gives them.

use std::fmt;

use super::views::{NewNames, Views};
use super::{Call, Kind, Query};

/// Reads the query of a pull or an import; `is_sure` when no form can stand before it.
// moby daemon/server/router/image/image_routes.go postImagesCreate: `fromImage` makes it a pull.
pub(super) fn create(query: &Query, is_sure: bool) -> Call {
    match query.first("fromImage") {
        // An import from the client has a body that may be a form all the same.
        _ if !is_sure => any_name("imports"),
        "" => Call::new(
            Kind::Image,
            Views {
                new_names: Some(NewNames {
                    by: "imports",
                    names: Some(new_name(query)),
                }),
                ..Views::default()
            },
        ),
        image => {
            let image = image.strip_suffix(':').unwrap_or(image);
            Call::new(
                Kind::Image,
                Views {
                    image: Some(ImageRef::parse(&with_tag(image, query.first("tag")))),
                    ..Views::default()
                },
            )
        }
    }
}

/// Gives names that are not in the request: those in the archive of a load, for one.
pub(super) fn any_name(by: &'static str) -> Call {
    Call::new(
        Kind::Image,
        Views {
            new_names: Some(NewNames { by, names: None }),
            ..Views::default()
        },
    )
}

/// Reads the query of a tag or a commit: the name that an image is given.
pub(super) fn name(by: &'static str, query: &Query) -> Call {
    Call::new(
        Kind::Image,
        Views {
            new_names: Some(NewNames {
                by,
                names: Some(new_name(query)),
            }),
            ..Views::default()
        },
    )
}

fn new_name(query: &Query) -> Vec<ImageRef> {
    match query.first("repo") {
        "" => Vec::new(),
        repository => vec![ImageRef::parse(&with_tag(repository, query.first("tag")))],
    }
}

/// A name with its tag, or with the digest that stands in its place.
fn with_tag(name: &str, tag: &str) -> String {
    if tag.is_empty() {
        name.to_owned()
    } else if tag.contains(':') {
        format!("{name}@{tag}")
    } else {
        format!("{name}:{tag}")
    }
}

/// An image as a request names it.
///
/// A tag is whatever somebody last gave it to; only a digest says what is in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// Registry and repository, `docker.io/library/alpine` for `alpine`; empty for a bare image id.
    pub repository: String,
    /// The tag, if one was given.
    pub tag: Option<String>,
    /// `sha256:` and 64 lower-case hex digits: of the manifest, or the image id.
    pub digest: Option<String>,
    /// Whether dockerd may also take the name for the beginning of an image id, and so for any image.
    pub may_be_id: bool,
}

impl ImageRef {
    /// Reads a reference; any text gives one.
    // distribution/reference: ParseAnyReference takes 64 hex digits and `sha256:HEX` for an id.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let id = text.strip_prefix("sha256:").unwrap_or(text);
        if is_hex_digest(id) {
            return Self {
                repository: String::new(),
                tag: None,
                digest: Some(format!("sha256:{id}")),
                may_be_id: true,
            };
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (
                name,
                digest.strip_prefix("sha256:").filter(|d| is_hex_digest(d)),
            ),
            None => (text, None),
        };
        // A colon in the last segment starts the tag; elsewhere it is the registry's port.
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag.to_owned())),
            _ => (name, None),
        };
        Self {
            repository: long_name(repository),
            tag,
            digest: digest.map(|hex| format!("sha256:{hex}")),
            // moby image/store.go Search: any unique beginning, with or without its algorithm.
            may_be_id: id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        }
    }
}

fn is_hex_digest(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// `alpine` is `docker.io/library/alpine`.
// distribution/reference normalize.go: splitDockerDomain.
fn long_name(name: &str) -> String {
    let is_registry = |part: &str| {
        part.contains(['.', ':'])
            || part == "localhost"
            || part.chars().any(|char| char.is_ascii_uppercase())
    };
    match name.split_once('/') {
        Some(("index.docker.io" | "docker.io", rest)) if !rest.contains('/') => {
            format!("docker.io/library/{rest}")
        }
        Some(("index.docker.io", rest)) => format!("docker.io/{rest}"),
        Some((registry, _)) if is_registry(registry) => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) if self.repository.is_empty() => formatter.write_str(digest),
            Some(digest) => write!(formatter, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_long_form() {
        let hex = "0123456789abcdef".repeat(4);
        for (text, long) in [
            ("alpine".to_owned(), "docker.io/library/alpine".to_owned()),
            (
                "alpine:3".to_owned(),
                "docker.io/library/alpine:3".to_owned(),
            ),
            (
                "docker.io/alpine".to_owned(),
                "docker.io/library/alpine".to_owned(),
            ),
            ("ops/x".to_owned(), "docker.io/ops/x".to_owned()),
            (
                "index.docker.io/ops/x".to_owned(),
                "docker.io/ops/x".to_owned(),
            ),
            ("localhost/x".to_owned(), "localhost/x".to_owned()),
            (
                "r.example.com:5000/a/b".to_owned(),
                "r.example.com:5000/a/b".to_owned(),
            ),
            (
                "r.example.com:5000/a/b:1".to_owned(),
                "r.example.com:5000/a/b:1".to_owned(),
            ),
            (
                format!("r.example.com/a:1@sha256:{hex}"),
                format!("r.example.com/a:1@sha256:{hex}"),
            ),
            (hex.clone(), format!("sha256:{hex}")),
            (format!("sha256:{hex}"), format!("sha256:{hex}")),
        ] {
            assert_eq!(ImageRef::parse(&text).to_string(), long);
        }
        assert_eq!(ImageRef::parse("a@sha256:12").digest, None);
        assert_eq!(
            ImageRef::parse(&format!("a@sha256:{}", hex.to_uppercase())).digest,
            None
        );
    }
}
