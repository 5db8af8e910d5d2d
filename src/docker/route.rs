//! From a method and a raw request target to the route that dockerd's router takes.

use std::borrow::Cow;
use std::cmp::Ordering;

use thiserror::Error;

/// What a route can do, and so how it has to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Reads; changes nothing.
    Read,
    /// Starts, stops, removes what is there already.
    Lifecycle,
    /// Makes or changes content: containers' files, images, streams into a container.
    Change,
    /// Can make a container that is not hardened, or change the daemon itself.
    Host,
}

/// One row of the route table.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// Upper case; dockerd matches it exactly.
    pub method: &'static str,
    /// Path without version; `{name:.*}` spans slashes, `{id}` does not.
    pub pattern: &'static str,
    /// How it is judged.
    pub class: Class,
}

impl std::fmt::Display for Route {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pattern = self.pattern.replace(":.*}", "}").replace(":.+}", "}");
        write!(formatter, "{} {pattern}", self.method)
    }
}

/// The route of container create.
pub(super) const CONTAINER_CREATE: &str = "/containers/create";

/// The route of volume create.
pub(super) const VOLUME_CREATE: &str = "/volumes/create";

const fn route(method: &'static str, pattern: &'static str, class: Class) -> Route {
    Route {
        method,
        pattern,
        class,
    }
}

/// Every route of the API, 1.12 to 1.56, in the order in which dockerd registers them: the first
/// that matches is taken, so `POST /containers/create/start` starts a container named `create`.
// moby 29.x daemon/server/router: checkpoint, container, image, system, volume, build, session,
// swarm, plugin, distribution, grpc, network, debug. 20.10 has the same order.
pub static ROUTES: &[Route] = &[
    route("GET", "/containers/{name:.*}/checkpoints", Class::Read),
    route("POST", "/containers/{name:.*}/checkpoints", Class::Host),
    route(
        "DELETE",
        "/containers/{name}/checkpoints/{checkpoint}",
        Class::Host,
    ),
    route("HEAD", "/containers/{name:.*}/archive", Class::Read),
    route("GET", "/containers/json", Class::Read),
    route("GET", "/containers/{name:.*}/export", Class::Read),
    route("GET", "/containers/{name:.*}/changes", Class::Read),
    route("GET", "/containers/{name:.*}/json", Class::Read),
    route("GET", "/containers/{name:.*}/top", Class::Read),
    route("GET", "/containers/{name:.*}/logs", Class::Read),
    route("GET", "/containers/{name:.*}/stats", Class::Read),
    // A GET that writes to the standard input of the container.
    route("GET", "/containers/{name:.*}/attach/ws", Class::Change),
    route("GET", "/exec/{id:.*}/json", Class::Read),
    route("GET", "/containers/{name:.*}/archive", Class::Read),
    route("POST", CONTAINER_CREATE, Class::Host),
    route("POST", "/containers/{name:.*}/kill", Class::Lifecycle),
    route("POST", "/containers/{name:.*}/pause", Class::Lifecycle),
    route("POST", "/containers/{name:.*}/unpause", Class::Lifecycle),
    route("POST", "/containers/{name:.*}/restart", Class::Lifecycle),
    // Takes host settings in its body below API 1.24.
    route("POST", "/containers/{name:.*}/start", Class::Host),
    route("POST", "/containers/{name:.*}/stop", Class::Lifecycle),
    route("POST", "/containers/{name:.*}/wait", Class::Lifecycle),
    route("POST", "/containers/{name:.*}/resize", Class::Lifecycle),
    route("POST", "/containers/{name:.*}/attach", Class::Change),
    // Up to 24, below API 1.24: reads files of the container.
    route("POST", "/containers/{name:.*}/copy", Class::Read),
    route("POST", "/containers/{name:.*}/exec", Class::Host),
    route("POST", "/exec/{name:.*}/start", Class::Change),
    route("POST", "/exec/{name:.*}/resize", Class::Lifecycle),
    route("POST", "/containers/{name:.*}/rename", Class::Lifecycle),
    route("POST", "/containers/{name:.*}/update", Class::Host),
    route("POST", "/containers/prune", Class::Lifecycle),
    route("POST", "/commit", Class::Change),
    route("PUT", "/containers/{name:.*}/archive", Class::Change),
    route("DELETE", "/containers/{name:.*}", Class::Lifecycle),
    route("GET", "/images/json", Class::Read),
    route("GET", "/images/search", Class::Read),
    route("GET", "/images/get", Class::Read),
    route("GET", "/images/{name:.*}/get", Class::Read),
    route("GET", "/images/{name:.*}/history", Class::Read),
    route("GET", "/images/{name:.*}/json", Class::Read),
    route("GET", "/images/{name:.*}/attestations", Class::Read),
    route("POST", "/images/load", Class::Change),
    route("POST", "/images/create", Class::Change),
    route("POST", "/images/{name:.*}/push", Class::Change),
    route("POST", "/images/{name:.*}/tag", Class::Change),
    route("POST", "/images/prune", Class::Lifecycle),
    route("DELETE", "/images/{name:.*}", Class::Lifecycle),
    route("OPTIONS", "/{anyroute:.*}", Class::Read),
    route("GET", "/_ping", Class::Read),
    route("HEAD", "/_ping", Class::Read),
    route("GET", "/events", Class::Read),
    route("GET", "/info", Class::Read),
    route("GET", "/version", Class::Read),
    route("GET", "/system/df", Class::Read),
    route("POST", "/auth", Class::Change),
    route("GET", "/volumes", Class::Read),
    route("GET", "/volumes/{name:.*}", Class::Read),
    route("POST", VOLUME_CREATE, Class::Host),
    route("POST", "/volumes/prune", Class::Lifecycle),
    route("PUT", "/volumes/{name:.*}", Class::Change),
    route("DELETE", "/volumes/{name:.*}", Class::Lifecycle),
    route("POST", "/build", Class::Host),
    route("POST", "/build/prune", Class::Lifecycle),
    route("POST", "/build/cancel", Class::Lifecycle),
    route("POST", "/session", Class::Change),
    route("POST", "/swarm/init", Class::Host),
    route("POST", "/swarm/join", Class::Host),
    route("POST", "/swarm/leave", Class::Host),
    route("GET", "/swarm", Class::Read),
    route("GET", "/swarm/unlockkey", Class::Read),
    route("POST", "/swarm/update", Class::Host),
    route("POST", "/swarm/unlock", Class::Host),
    route("GET", "/services", Class::Read),
    route("GET", "/services/{id}", Class::Read),
    route("POST", "/services/create", Class::Host),
    route("POST", "/services/{id}/update", Class::Host),
    route("DELETE", "/services/{id}", Class::Lifecycle),
    route("GET", "/services/{id}/logs", Class::Read),
    route("GET", "/nodes", Class::Read),
    route("GET", "/nodes/{id}", Class::Read),
    route("DELETE", "/nodes/{id}", Class::Host),
    route("POST", "/nodes/{id}/update", Class::Host),
    route("GET", "/tasks", Class::Read),
    route("GET", "/tasks/{id}", Class::Read),
    route("GET", "/tasks/{id}/logs", Class::Read),
    route("GET", "/secrets", Class::Read),
    route("POST", "/secrets/create", Class::Change),
    route("DELETE", "/secrets/{id}", Class::Lifecycle),
    route("GET", "/secrets/{id}", Class::Read),
    route("POST", "/secrets/{id}/update", Class::Change),
    route("GET", "/configs", Class::Read),
    route("POST", "/configs/create", Class::Change),
    route("DELETE", "/configs/{id}", Class::Lifecycle),
    route("GET", "/configs/{id}", Class::Read),
    route("POST", "/configs/{id}/update", Class::Change),
    route("GET", "/plugins", Class::Read),
    route("GET", "/plugins/{name:.*}/json", Class::Read),
    route("GET", "/plugins/privileges", Class::Read),
    route("DELETE", "/plugins/{name:.*}", Class::Host),
    route("POST", "/plugins/{name:.*}/enable", Class::Host),
    route("POST", "/plugins/{name:.*}/disable", Class::Host),
    route("POST", "/plugins/pull", Class::Host),
    route("POST", "/plugins/{name:.*}/push", Class::Change),
    route("POST", "/plugins/{name:.*}/upgrade", Class::Host),
    route("POST", "/plugins/{name:.*}/set", Class::Host),
    route("POST", "/plugins/create", Class::Host),
    route("GET", "/distribution/{name:.*}/json", Class::Read),
    route("POST", "/grpc", Class::Host),
    route("GET", "/networks", Class::Read),
    route("GET", "/networks/", Class::Read),
    route("GET", "/networks/{id:.+}", Class::Read),
    route("POST", "/networks/create", Class::Host),
    route("POST", "/networks/{id:.*}/connect", Class::Change),
    route("POST", "/networks/{id:.*}/disconnect", Class::Change),
    route("POST", "/networks/prune", Class::Lifecycle),
    route("DELETE", "/networks/{id:.*}", Class::Lifecycle),
    route("GET", "/debug/{name:.*}", Class::Read),
];

/// Why a request target could not be read in exactly one way.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    /// Go's two URL readers disagree about `#`, and one of them decides whether a body is forwarded.
    #[error("the request target has a `#`")]
    Fragment,
    /// dockerd's JSON turns such bytes into something else before we see them.
    #[error("the request target has a character outside printable ASCII")]
    NotAscii,
    /// dockerd answers 400.
    #[error("the request target has a bad percent escape")]
    Escape,
    /// dockerd redirects to the clean path.
    #[error("the path has an empty, `.` or `..` segment")]
    NotClean,
    /// dockerd answers 400.
    #[error("the request target is neither a path nor a URL")]
    Form,
    /// dockerd answers 400 where it reads the query.
    #[error("the query has a `;`")]
    Semicolon,
}

/// A request target, read as net/http and gorilla/mux read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Version prefix; without one dockerd takes the newest it knows.
    pub version: Option<ApiVersion>,
    /// Decoded once, without the version prefix.
    pub path: String,
    /// Not decoded, without its `?`.
    query: String,
}

impl Target {
    /// Reads the raw request target.
    ///
    /// # Errors
    ///
    /// When dockerd would refuse or redirect it, or when its readers could disagree about it.
    pub fn parse(uri: &str) -> Result<Self, TargetError> {
        if !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TargetError::NotAscii);
        }
        if uri.contains('#') {
            return Err(TargetError::Fragment);
        }
        let (rest, query) = after_authority(uri)?;
        let path = decode(rest, false)?;
        if !path.starts_with('/') && path != "*" {
            return Err(TargetError::Form);
        }
        if !is_clean(&path) {
            return Err(TargetError::NotClean);
        }
        let (version, path) = match split_version(&path) {
            Some((version, rest)) => (Some(version), rest.to_owned()),
            None => (None, path.into_owned()),
        };
        Ok(Self {
            version,
            path,
            query: query.to_owned(),
        })
    }

    /// The first value of `key`, as `r.Form.Get` gives it, decoded.
    ///
    /// # Errors
    ///
    /// When Go's `url.ParseQuery` refuses any part of the query.
    pub fn query_value(&self, key: &str) -> Result<Option<String>, TargetError> {
        let mut found = None;
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            if pair.contains(';') {
                return Err(TargetError::Semicolon);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name, true)?, decode(value, true)?);
            if found.is_none() && name == key {
                found = Some(value.into_owned());
            }
        }
        Ok(found)
    }

    /// The route that dockerd takes, if it has one.
    #[must_use]
    pub fn route(&self, method: &str) -> Option<&'static Route> {
        ROUTES
            .iter()
            .find(|route| route.method == method && matches(route.pattern, &self.path))
    }
}

/// Cuts scheme, authority and query off: what is left is the raw path.
// Go net/url url.go: parse with viaRequest set; an authority needs a scheme before it.
fn after_authority(uri: &str) -> Result<(&str, &str), TargetError> {
    let (head, query) = uri.split_once('?').unwrap_or((uri, ""));
    if head.starts_with('/') || head == "*" {
        return Ok((head, query));
    }
    let (scheme, rest) = head.split_once(':').ok_or(TargetError::Form)?;
    let mut letters = scheme.chars();
    let valid = letters
        .next()
        .is_some_and(|char| char.is_ascii_alphabetic())
        && letters.all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char));
    if !valid {
        return Err(TargetError::Form);
    }
    match rest.strip_prefix("//") {
        Some(authority) => {
            let path = authority
                .find('/')
                .and_then(|slash| authority.get(slash..))
                .ok_or(TargetError::Form)?;
            Ok((path, query))
        }
        None if rest.starts_with('/') => Ok((rest, query)),
        None => Err(TargetError::Form),
    }
}

fn decode(text: &str, plus_is_space: bool) -> Result<Cow<'_, str>, TargetError> {
    if !(text.contains('%') || plus_is_space && text.contains('+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || {
                    rest.next()
                        .and_then(|byte| char::from(byte).to_digit(16))
                        .and_then(|digit| u8::try_from(digit).ok())
                        .ok_or(TargetError::Escape)
                };
                let (high, low) = (digit()?, digit()?);
                high.wrapping_shl(4) | low
            }
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    // Names with such bytes match nothing that dockerd has; only the shape of the path counts here.
    Ok(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Whether path.Clean leaves the path as it is, but for a slash at its end.
fn is_clean(path: &str) -> bool {
    let Some(inner) = path.strip_prefix('/') else {
        return true;
    };
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    path == "/"
        || inner
            .split('/')
            .all(|segment| !matches!(segment, "" | "." | ".."))
}

/// Splits `/v1.41/containers/json` into version and `/containers/json`.
// moby daemon/server/server.go: versionMatcher is "/v{version:[0-9.]+}".
fn split_version(path: &str) -> Option<(ApiVersion, &str)> {
    let rest = path.strip_prefix("/v")?;
    let end = rest.find('/')?;
    let (version, path) = rest.split_at_checked(end)?;
    let digits = !version.is_empty()
        && version
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    digits.then(|| (ApiVersion::parse(version), path))
}

/// Whether `path` matches a pattern of gorilla/mux.
fn matches(pattern: &str, path: &str) -> bool {
    let Some((literal, rest)) = pattern.split_once('{') else {
        return pattern == path;
    };
    let Some(path) = path.strip_prefix(literal) else {
        return false;
    };
    let Some((name, rest)) = rest.split_once('}') else {
        return false;
    };
    let (least, spans) = match name.split_once(':') {
        Some((_, ".*")) => (0, true),
        Some((_, ".+")) => (1, true),
        _ => (1, false),
    };
    let longest = if spans {
        path.find('\n')
    } else {
        path.find('/')
    }
    .unwrap_or(path.len());
    path.char_indices()
        .map(|(at, _)| at)
        .chain([path.len()])
        .take_while(|at| *at <= longest)
        .filter(|at| *at >= least)
        .any(|at| path.get(at..).is_some_and(|path| matches(rest, path)))
}

/// A version of the API, compared as dockerd compares it: number by number, missing ones zero.
// moby api/types/versions/compare.go: Atoi, whose errors give 0 or the largest number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiVersion(Vec<u64>);

impl ApiVersion {
    fn parse(text: &str) -> Self {
        let mut numbers: Vec<u64> = text
            .split('.')
            .map(|part| {
                if part.is_empty() {
                    0
                } else {
                    part.parse().unwrap_or(u64::MAX)
                }
            })
            .collect();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Self(numbers)
    }

    /// Whether it is older than `major.minor`.
    #[must_use]
    pub fn is_below(&self, major: u64, minor: u64) -> bool {
        self.0.as_slice().cmp(&[major, minor]) == Ordering::Less
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u64::to_string).collect();
        formatter.write_str(&numbers.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &str, uri: &str) -> Option<String> {
        let target = Target::parse(uri).unwrap();
        target.route(method).map(ToString::to_string)
    }

    #[test]
    fn every_spelling_that_reaches_create_is_create() {
        for uri in [
            "/containers/create",
            "/v1.41/containers/create",
            "/v1.41/%63ontainers/create",
            "/v1.41/containers%2Fcreate",
            "/v1.41%2fcontainers%2fcreate",
            "/%76%31.41/containers/create",
            "/v1.41.0/containers/create",
            "/v1.41./containers/create",
            "/v01.41/containers/create",
            "http://evil/v1.41/containers/create",
            "http:///containers/create",
            "foo:/v1.41/containers/create",
            "foo://bar/v1.41/containers/create",
            "/containers/create?",
            "/containers/create?x=/auth",
            "/containers/create?name=a&name=b",
        ] {
            assert_eq!(
                found("POST", uri).as_deref(),
                Some("POST /containers/create"),
                "{uri}"
            );
        }
    }

    #[test]
    fn what_does_not_reach_create_is_something_else_or_an_error() {
        for uri in [
            "/containers/create/",
            "/Containers/create",
            "/containers/create;x",
            "/va/containers/create",
            "/v/containers/create",
        ] {
            assert_eq!(found("POST", uri), None, "{uri}");
        }
        assert_eq!(found("post", "/containers/create"), None);
        assert_eq!(
            found("POST", "/containers/create/start").as_deref(),
            Some("POST /containers/{name}/start")
        );
        assert_eq!(
            found("POST", "/images/create/push").as_deref(),
            Some("POST /images/{name}/push")
        );
        for (uri, error) in [
            ("//containers/create", TargetError::NotClean),
            ("/x/../containers/create", TargetError::NotClean),
            ("/x/%2e%2e/containers/create", TargetError::NotClean),
            ("/containers/./create", TargetError::NotClean),
            ("/containers/create/..", TargetError::NotClean),
            ("/containers/create#x", TargetError::Fragment),
            ("/v1.51/services/create?#%zz", TargetError::Fragment),
            ("/containers/%zz", TargetError::Escape),
            ("/containers/%4", TargetError::Escape),
            ("/containers/cr\u{e9}ate", TargetError::NotAscii),
            ("/containers/cr\u{fffd}ate", TargetError::NotAscii),
            ("/containers/create x", TargetError::NotAscii),
            ("containers/create", TargetError::Form),
            ("%2Fcontainers/create", TargetError::Form),
            ("1a:/containers/create", TargetError::Form),
            ("foo:containers/create", TargetError::Form),
            ("", TargetError::Form),
        ] {
            assert_eq!(Target::parse(uri), Err(error), "{uri}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        let version = |uri| Target::parse(uri).unwrap().version.unwrap();
        assert!(version("/v1.9/info").is_below(1, 24));
        assert!(version("/v01.023/info").is_below(1, 24));
        assert!(!version("/v1.24/info").is_below(1, 24));
        assert!(!version("/v1.24.0/info").is_below(1, 24));
        assert!(!version("/v1.100/info").is_below(1, 24));
        assert!(version("/v1/info").is_below(1, 24));
        assert!(version("/v./info").is_below(1, 24));
        assert!(!version("/v99999999999999999999/info").is_below(1, 24));
        assert_eq!(version("/v01.041./info").to_string(), "1.41");
        assert_eq!(Target::parse("/info").unwrap().version, None);
    }

    #[test]
    fn the_query_gives_its_first_value() {
        let target = Target::parse("/containers/create?n%61me=a%20b+c&name=d").unwrap();
        assert_eq!(
            target.query_value("name").unwrap().as_deref(),
            Some("a b c")
        );
        assert_eq!(target.query_value("Name").unwrap(), None);
        let error = |uri| Target::parse(uri).unwrap().query_value("name").unwrap_err();
        assert_eq!(error("/containers/create?name=a;b"), TargetError::Semicolon);
        assert_eq!(error("/containers/create?name=%zz"), TargetError::Escape);
    }

    #[test]
    fn wildcards_span_what_they_span_in_the_router() {
        assert!(matches("/images/{name:.*}/json", "/images/a/b/c/json"));
        assert!(matches("/images/{name:.*}/json", "/images//json"));
        assert!(!matches("/images/{name:.*}/json", "/images/a\nb/json"));
        assert!(matches("/services/{id}", "/services/a"));
        assert!(!matches("/services/{id}", "/services/"));
        assert!(!matches("/services/{id}", "/services/a/b"));
        assert!(matches(
            "/containers/{name}/checkpoints/{checkpoint}",
            "/containers/a/checkpoints/b"
        ));
        assert!(!matches("/networks/{id:.+}", "/networks/"));
    }

    #[test]
    fn no_row_of_the_table_stands_twice() {
        for (at, row) in ROUTES.iter().enumerate() {
            assert!(
                !ROUTES[at + 1..]
                    .iter()
                    .any(|other| other.method == row.method && other.pattern == row.pattern),
                "{row}"
            );
        }
    }
}
