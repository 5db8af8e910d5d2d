//! A raw request target, read as net/http and gorilla/mux read it.

use std::borrow::Cow;
use std::cmp::Ordering;

use thiserror::Error;

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

    /// The query, read as Go's `url.ParseQuery` reads it.
    ///
    /// # Errors
    ///
    /// When it refuses any part of it; dockerd then answers 400, or leaves the part out.
    pub fn query(&self) -> Result<Query, TargetError> {
        let mut pairs = Vec::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            if pair.contains(';') {
                return Err(TargetError::Semicolon);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((
                decode(name, true)?.into_owned(),
                decode(value, true)?.into_owned(),
            ));
        }
        Ok(Query { pairs })
    }
}

/// The parameters of a request target, decoded, in their order. Names are exact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// The first value of `name`, as `r.Form.Get` gives it; empty when there is none.
    #[must_use]
    pub fn first(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Every value of `name`, as `r.Form[name]` holds them.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of `name` as a number, zero for what is none.
    // moby api/server/httputils/form.go Int64ValueOrZero: strconv.ParseInt, errors dropped.
    #[must_use]
    pub fn number(&self, name: &str) -> i64 {
        self.first(name).parse().unwrap_or_default()
    }

    /// Names and values, in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
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
    fn the_query_is_read_as_go_reads_it() {
        let query = |uri| Target::parse(uri).unwrap().query();
        let read = query("/build?n%61me=a%20b+c&name=d&t=x&&t=&memory=%2B5").unwrap();
        assert_eq!(read.first("name"), "a b c");
        assert_eq!(read.first("Name"), "");
        assert_eq!(read.all("t").collect::<Vec<_>>(), ["x", ""]);
        assert_eq!(read.number("memory"), 5);
        assert_eq!(query("/build?memory=512m").unwrap().number("memory"), 0);
        assert_eq!(query("/build?name=a;b"), Err(TargetError::Semicolon));
        assert_eq!(query("/build?name=%zz"), Err(TargetError::Escape));
    }
}
