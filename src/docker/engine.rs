//! Which engine is behind the gate, and what it keeps from its plugins.

use std::fmt;

/// A version of the engine, as it names itself in the `Server` header of its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    text: String,
    number: (u64, u64, u64),
}

/// Something that an engine does past its authorization plugins.
#[derive(Debug)]
pub struct Hole {
    /// Its number in the register of published vulnerabilities; empty where it has none.
    pub cve: &'static str,
    /// What the engine does: lower case, no final dot.
    pub what: &'static str,
    /// What lockgate answers, or what an operator can do: no final dot.
    pub answer: &'static str,
    /// Whether a version has it.
    holds: fn((u64, u64, u64)) -> bool,
}

/// What is known of engines from 20.10 on, by the versions that upstream has released: a
/// distribution may have mended its own.
// moby git tags that contain the mends: 41110 in 23.0.15, 25.0.6, 26.1.5, 27.1.1; 34040 in 25.0.16,
// 29.3.1. 29.2.0 took gRPC onto the API socket.
pub static HOLES: &[Hole] = &[
    Hole {
        cve: "CVE-2024-41110",
        what: "it may hide the body of a request from its plugins",
        answer: "a body that is due and does not arrive is refused; update the engine",
        holds: |version| match version {
            (23, 0, patch) => patch < 15,
            (25, 0, patch) => patch < 6,
            (26, 1, patch) => patch < 5,
            (27, 1, patch) => patch < 1,
            (major, ..) if major < 27 => true,
            (27, minor, _) => minor < 1,
            _ => false,
        },
    },
    Hole {
        cve: "CVE-2026-34040",
        what: "it hides bodies of 1 MiB and more from its plugins",
        answer: "a body that is due and does not arrive is refused; update the engine",
        holds: |version| match version {
            (25, 0, patch) => patch < 16,
            (major, ..) if major < 29 => true,
            (29, minor, patch) => (minor, patch) < (3, 1),
            _ => false,
        },
    },
    Hole {
        cve: "",
        what: "it takes gRPC on the API socket (BuildKit), which no plugin is ever asked about",
        answer: "set builder.entitlements.network-host, security-insecure and device to false in daemon.json",
        holds: |version| version >= (29, 2, 0),
    },
    Hole {
        cve: "",
        what: "on /build a form in the body, which no plugin is shown, counts before the query",
        answer: "set `classic = true` in [rules.opaque-build] to refuse such builds",
        holds: |version| version >= (29, 5, 0),
    },
];

impl Engine {
    /// Reads a `Server` header: `Docker/28.5.2 (linux)`.
    // moby daemon/server/middleware/version.go: fmt.Sprintf("Docker/%s (%s)").
    #[must_use]
    pub fn parse(server: &str) -> Option<Self> {
        let text = server.strip_prefix("Docker/")?;
        let text = text.split_once(" (").map_or(text, |(text, _)| text);
        // Debian's `20.10.24+dfsg1` and a pre-release's `29.0.0-rc.1` follow the number.
        let number = text.split(['+', '-', '~']).next().unwrap_or_default();
        let mut parts = number.split('.').map(str::parse);
        let mut part = || parts.next()?.ok();
        let number = (part()?, part()?, part().unwrap_or_default());
        Some(Self {
            text: text.to_owned(),
            number,
        })
    }

    /// What it does past its plugins.
    pub fn holes(&self) -> impl Iterator<Item = &'static Hole> {
        HOLES.iter().filter(|hole| (hole.holds)(self.number))
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_engines_call_themselves() {
        let read = |text| Engine::parse(text).map(|engine| (engine.to_string(), engine.number));
        for (header, text, number) in [
            ("Docker/28.5.2 (linux)", "28.5.2", (28, 5, 2)),
            (
                "Docker/20.10.24+dfsg1 (linux)",
                "20.10.24+dfsg1",
                (20, 10, 24),
            ),
            ("Docker/29.0.0-rc.1 (linux)", "29.0.0-rc.1", (29, 0, 0)),
            ("Docker/29.5", "29.5", (29, 5, 0)),
        ] {
            assert_eq!(read(header), Some((text.to_owned(), number)));
        }
        for header in [
            "",
            "nginx",
            "Docker/",
            "Docker/dev (linux)",
            "Docker/99999999999999999999.1",
        ] {
            assert_eq!(read(header), None, "{header}");
        }
    }

    #[test]
    fn every_version_has_the_holes_that_were_published_for_it() {
        let holes = |version: &str| -> Vec<usize> {
            let engine = Engine::parse(&format!("Docker/{version} (linux)")).unwrap();
            engine
                .holes()
                .map(|hole| {
                    HOLES
                        .iter()
                        .position(|other| std::ptr::eq(other, hole))
                        .unwrap()
                })
                .collect()
        };
        for (version, due) in [
            ("20.10.27", vec![0, 1]),
            ("23.0.14", vec![0, 1]),
            ("23.0.15", vec![1]),
            ("24.0.9", vec![0, 1]),
            ("25.0.5", vec![0, 1]),
            ("25.0.6", vec![1]),
            ("25.0.16", vec![]),
            ("26.0.2", vec![0, 1]),
            ("26.1.4", vec![0, 1]),
            ("26.1.5", vec![1]),
            ("27.0.3", vec![0, 1]),
            ("27.1.0", vec![0, 1]),
            ("27.1.1", vec![1]),
            ("27.5.1", vec![1]),
            ("28.5.2", vec![1]),
            ("29.0.0", vec![1]),
            ("29.2.0", vec![1, 2]),
            ("29.3.1", vec![2]),
            ("29.4.0", vec![2]),
            ("29.5.0", vec![2, 3]),
            ("30.0.0", vec![2, 3]),
        ] {
            assert_eq!(holes(version), due, "{version}");
        }
    }
}
