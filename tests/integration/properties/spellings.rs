use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use lockgate::decision::{Outcome, decide};
use lockgate::docker::Target;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRng;
use serde_json::Value;

use crate::cases::{Case, Request, files};
use crate::support::envelope_of;

/// The cases that have a request of their own, not a whole envelope.
static CASES: LazyLock<Vec<(Case, Request)>> = LazyLock::new(|| {
    files()
        .into_iter()
        .filter_map(|(_, case)| case.request.clone().map(|request| (case, request)))
        .collect()
});

/// Fields of Docker's that are maps: their keys are no names of fields, and so are exact.
const MAPS: &[&str] = &[
    "Annotations",
    "AuxiliaryAddresses",
    "Config",
    "DriverOpts",
    "EndpointsConfig",
    "ExposedPorts",
    "Labels",
    "Options",
    "PortBindings",
    "StorageOpt",
    "Sysctls",
    "Tmpfs",
    "Volumes",
];

/// Writes a request down in another way that dockerd takes for the same.
struct Writer {
    rng: TestRng,
    /// Whether it also does what only a reader as lenient as Go takes for the same.
    lenient: bool,
}

impl Writer {
    fn one_in(&mut self, bound: u32) -> bool {
        self.rng.random_ratio(1, bound)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.rng.random_range(0..bound)
    }

    /// Percent escapes that are not needed, numbers with zeros, a URL in place of a path.
    fn target(&mut self, target: &str) -> String {
        if Target::parse(target).is_err() || !target.starts_with('/') {
            return target.to_owned();
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = match path.strip_prefix("/v1.") {
            Some(rest) if self.one_in(4) => format!("/v01.0{rest}"),
            _ => path.to_owned(),
        };
        let mut text = String::new();
        if self.one_in(4) {
            text.push_str("http://docker");
        }
        self.escape(&path, &mut text);
        if !query.is_empty() || self.one_in(4) {
            text.push('?');
            self.escape(query, &mut text);
        }
        text
    }

    fn escape(&mut self, part: &str, text: &mut String) {
        let mut chars = part.chars();
        while let Some(char) = chars.next() {
            if char == '%' {
                text.push(char);
                text.extend(chars.by_ref().take(2));
            } else if char.is_ascii_alphanumeric() && self.one_in(8) {
                write!(text, "%{:02x}", u32::from(char)).unwrap();
            } else {
                text.push(char);
            }
        }
    }

    /// Any order, white space, escapes; and keys in another case, keys given twice, nulls.
    fn json(&mut self, value: &Value, is_map: bool, text: &mut String) {
        if self.one_in(8) {
            text.push_str(["\n\t", " ", "\r\n"][self.below(3)]);
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
            Value::String(value) => self.text(value, text),
            Value::Array(list) => {
                text.push('[');
                for (at, value) in list.iter().enumerate() {
                    text.push_str(if at > 0 { "," } else { "" });
                    self.json(value, false, text);
                }
                text.push(']');
            }
            Value::Object(object) => {
                let mut entries: Vec<(String, &Value)> = object
                    .iter()
                    .map(|(key, value)| (key.clone(), value))
                    .collect();
                if self.lenient && !is_map {
                    self.loosen(&mut entries);
                }
                for at in (1..entries.len()).rev() {
                    let other = self.rng.random_range(0..=at);
                    entries.swap(at, other);
                }
                text.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    text.push_str(if at > 0 { "," } else { "" });
                    self.text(key, text);
                    text.push(':');
                    self.json(value, MAPS.contains(&key.as_str()), text);
                }
                text.push('}');
            }
        }
    }

    fn loosen(&mut self, entries: &mut Vec<(String, &Value)>) {
        if entries.is_empty() || !self.one_in(2) {
            return;
        }
        let at = self.below(entries.len());
        let (key, value) = entries[at].clone();
        match self.below(4) {
            0 => entries.push(("Teleport".to_owned(), &Value::Null)),
            // Lists and objects merge, which comes to the same when both are the same.
            1 => entries.push((key, value)),
            2 => entries[at].0 = key.to_uppercase(),
            _ if MAPS.contains(&key.as_str()) => {}
            _ => {
                entries[at].0 = key
                    .replace('k', "\u{212a}")
                    .replace('s', "\u{17f}")
                    .to_lowercase();
            }
        }
    }

    fn text(&mut self, value: &str, text: &mut String) {
        text.push('"');
        for char in value.chars() {
            if char < ' ' || matches!(char, '"' | '\\') || self.one_in(16) {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    write!(text, "\\u{unit:04x}").unwrap();
                }
            } else {
                text.push(char);
            }
        }
        text.push('"');
    }

    fn envelope(&mut self, request: &Request) -> Vec<u8> {
        let body = match &request.body {
            Some(body) => {
                let mut text = String::new();
                self.json(body, false, &mut text);
                Some(text.into_bytes())
            }
            None => request.bytes(),
        };
        envelope_of(
            &request.method,
            &self.target(&request.uri),
            body.as_deref(),
            request.user.as_deref(),
            &request.headers,
        )
    }
}

/// A case, and its request written down in another way.
fn written(lenient: bool) -> impl Strategy<Value = (&'static Case, Vec<u8>)> {
    any::<Index>().prop_perturb(move |at, rng| {
        let (case, request) = &CASES[at.index(CASES.len())];
        (case, Writer { rng, lenient }.envelope(request))
    })
}

/// What becomes of an envelope, and the ids of what was found.
fn found(case: &Case, envelope: &[u8]) -> (Outcome, BTreeSet<&'static str>) {
    let decision = decide(envelope, &case.policy(false), &case.host);
    let verdict = decision.verdict();
    let ids = verdict.judged().iter().map(|judged| judged.id);
    (verdict.outcome(), ids.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_clients_write_in_different_ways_is_judged_alike((case, envelope) in written(false)) {
        let plain = found(case, &case.envelope());
        prop_assert_eq!(found(case, &envelope), plain, "{}", String::from_utf8_lossy(&envelope));
    }

    #[test]
    fn what_only_go_takes_for_the_same_never_makes_a_refused_request_allowed(
        (case, envelope) in written(true),
    ) {
        let (before, after) = (found(case, &case.envelope()).0, found(case, &envelope).0);
        prop_assert!(
            before != Outcome::Deny || after == Outcome::Deny,
            "{}",
            String::from_utf8_lossy(&envelope)
        );
    }
}
