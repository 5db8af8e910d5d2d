//! From a request target to a route, as Go's `net/http` and gorilla/mux go: a second reading, by
//! regular expressions made of the same patterns that lockgate has.

use std::sync::LazyLock;

use lockgate::docker::{ROUTES, Route};
use percent_encoding::percent_decode_str;
use regex::Regex;

/// What dockerd does with a request line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 400: no request target, or a bad escape in its path.
    BadRequest,
    /// 301, to the clean path.
    Redirect,
    /// 404.
    NotFound,
    /// Asks its plugins, then runs the handler of this route.
    Routed {
        /// The row of lockgate's table.
        route: &'static Route,
        /// What stands in the place of the version.
        version: Option<String>,
        /// The raw query.
        query: String,
    },
}

/// A route twice, as dockerd registers it: with a version and without.
// moby daemon/server/server.go CreateMux: versionMatcher first, for each route.
struct Registered {
    route: &'static Route,
    versioned: Regex,
    plain: Regex,
}

static REGISTERED: LazyLock<Vec<Registered>> = LazyLock::new(|| {
    let regex = |pattern: &str| Regex::new(&format!("^{pattern}$")).expect("a route's pattern");
    ROUTES
        .iter()
        .map(|route| {
            let pattern = expression(route.pattern);
            Registered {
                route,
                versioned: regex(&format!("/v([0-9.]+){pattern}")),
                plain: regex(&pattern),
            }
        })
        .collect()
});

/// A pattern of gorilla/mux as a regular expression: `{name:X}` is X, `{name}` is `[^/]+`.
fn expression(pattern: &str) -> String {
    let mut expression = String::new();
    let mut rest = pattern;
    while let Some((literal, behind)) = rest.split_once('{') {
        let (variable, behind) = behind.split_once('}').expect("a closed variable");
        let matches = variable.split_once(':').map_or("[^/]+", |(_, regex)| regex);
        expression += &regex::escape(literal);
        expression += &["(?:", matches, ")"].concat();
        rest = behind;
    }
    expression + &regex::escape(rest)
}

/// What dockerd does with `method` and a request target of printable ASCII.
#[must_use]
pub fn answer(method: &str, target: &str) -> Answer {
    let Some((path, query)) = path_and_query(target) else {
        return Answer::BadRequest;
    };
    let Some(path) = unescape(path) else {
        return Answer::BadRequest;
    };
    if clean(&path) != path {
        return Answer::Redirect;
    }
    for registered in REGISTERED.iter() {
        let route = registered.route;
        if route.method != method && route.method != "*" {
            continue;
        }
        let version = match registered.versioned.captures(&path) {
            Some(captures) => Some(captures[1].to_owned()),
            None if registered.plain.is_match(&path) => None,
            None => continue,
        };
        return Answer::Routed {
            route,
            version,
            query: query.to_owned(),
        };
    }
    Answer::NotFound
}

/// The raw path and the raw query.
// Go net/url url.go: parse with viaRequest set.
fn path_and_query(target: &str) -> Option<(&str, &str)> {
    static SCHEME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^[A-Za-z][A-Za-z0-9+.-]*:").expect("a scheme's grammar"));
    if target == "*" {
        return Some((target, ""));
    }
    let scheme = SCHEME.find(target).map_or(0, |scheme| scheme.end());
    let rest = &target[scheme..];
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = match rest.strip_prefix("//") {
        Some(authority) if scheme > 0 => {
            &authority[authority.find('/').unwrap_or(authority.len())..]
        }
        _ => rest,
    };
    // Without a slash it is opaque, or no target at all; neither has a path that leads anywhere.
    rest.starts_with('/').then_some((path, query))
}

/// A text with its percent escapes decoded; `None` when one of them is none.
fn unescape(text: &str) -> Option<String> {
    static ESCAPED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("^(?:[^%]|%[0-9A-Fa-f][0-9A-Fa-f])*$").expect("the grammar of escapes")
    });
    ESCAPED
        .is_match(text)
        .then(|| percent_decode_str(text).decode_utf8_lossy().into_owned())
}

// gorilla/mux mux.go: cleanPath.
fn clean(path: &str) -> String {
    let mut clean: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(clean.pop()),
            name => clean.push(name),
        }
    }
    let end = if path.ends_with('/') && !clean.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{end}", clean.join("/"))
}

/// Names and values of a query; `None` when Go refuses some of it.
// Go net/url url.go: parseQuery.
#[must_use]
pub fn pairs(query: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pair.contains(';') {
            return None;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| unescape(&text.replace('+', " "));
        pairs.push((decode(name)?, decode(value)?));
    }
    Some(pairs)
}

/// Whether an API version is older than `other`.
// moby api/types/versions/compare.go: by numbers; what is none is zero, or the largest there is.
#[must_use]
pub fn is_older(version: &str, other: [u64; 2]) -> bool {
    let largest = u64::MAX >> 1;
    let number = |text: &str| match text {
        "" => 0,
        digits => digits.parse().unwrap_or(largest).min(largest),
    };
    let mut version = version.split('.').map(number);
    for other in other {
        let mine = version.next().unwrap_or_default();
        if mine != other {
            return mine < other;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(method: &str, target: &str) -> Option<&'static str> {
        match answer(method, target) {
            Answer::Routed { route, .. } => Some(route.pattern),
            Answer::BadRequest | Answer::Redirect | Answer::NotFound => None,
        }
    }

    #[test]
    fn every_spelling_of_create_is_create() {
        for target in [
            "/containers/create",
            "/v1.41/%63ontainers/create",
            "/v1.41%2fcontainers%2Fcreate",
            "/%76%31.41/containers/create",
            "http:///containers/create",
            "foo:/v1.41/containers/create",
            "foo://bar/v1.41/containers/create?x=/auth",
        ] {
            assert_eq!(
                pattern("POST", target),
                Some("/containers/create"),
                "{target}"
            );
        }
        assert_eq!(
            pattern("POST", "/containers/create/start"),
            Some("/containers/{name:.*}/start")
        );
    }

    #[test]
    fn what_goes_nowhere_goes_nowhere() {
        for (target, found) in [
            ("containers/create", Answer::BadRequest),
            ("/containers/%zz", Answer::BadRequest),
            ("%2Fcontainers/create", Answer::BadRequest),
            ("//containers/create", Answer::Redirect),
            ("/x/%2e%2e/containers/create", Answer::Redirect),
            ("foo://containers", Answer::Redirect),
            ("*", Answer::Redirect),
            ("/Containers/create", Answer::NotFound),
            ("/containers/create/", Answer::NotFound),
        ] {
            assert_eq!(answer("POST", target), found, "{target}");
        }
        assert_eq!(answer("post", "/containers/create"), Answer::NotFound);
    }

    #[test]
    fn queries_and_versions_are_read_as_docker_reads_them() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            pairs("a=%41+b&&c"),
            Some(vec![pair("a", "A b"), pair("c", "")])
        );
        assert_eq!(pairs("a=1;b=2"), None);
        assert_eq!(pairs("a=%4"), None);
        for older in ["1.23", "1", "01.023.9", ".99", "0.99"] {
            assert!(is_older(older, [1, 24]), "{older}");
        }
        for newer in ["1.24", "1.024", "2", "1.24.0", "99999999999999999999999"] {
            assert!(!is_older(newer, [1, 24]), "{newer}");
        }
    }
}
