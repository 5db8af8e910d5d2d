//! Figures of a run, and finds as somebody needs them who is to mend them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::printable;
use crate::judge::Judgement;
use crate::plan::{Road, Step};
use crate::run::{Exchange, Fault};

/// How many finds with the same rules are made smaller to see whether they are one.
const ALIKE: u64 = 10;

/// What a run has seen.
#[derive(Default)]
pub(crate) struct Report {
    requests: u64,
    never_asked: u64,
    refused_by_dockerd: u64,
    made: u64,
    allowed: u64,
    refused: u64,
    started: u64,
    roads: BTreeMap<Road, Tally>,
    kinds: BTreeMap<String, Tally>,
    finds: BTreeMap<String, (u64, Find)>,
}

/// How often something was tried, how often something was made of it, and how much of that the gate
/// would have allowed.
#[derive(Default)]
struct Tally {
    tried: u64,
    made: u64,
    allowed: u64,
}

/// Something wrong, with all that is needed to see it again.
pub(crate) struct Find {
    pub(crate) fault: Fault,
    pub(crate) number: u64,
    pub(crate) steps: Vec<Step>,
    pub(crate) exchanges: Vec<Exchange>,
}

impl Find {
    fn last(&self) -> &Exchange {
        self.exchanges.last().expect("a find has an exchange")
    }

    pub(crate) fn rules(&self) -> Vec<&'static str> {
        self.last().after.broken_since(&self.last().before)
    }

    /// Finds with the same key have the same cause.
    fn key(&self) -> String {
        let edits: Vec<&str> = self
            .steps
            .iter()
            .flat_map(|step| &step.edits)
            .map(|edit| edit.kind.as_str())
            .collect();
        format!(
            "{:?} {:?} {:?} by {edits:?}",
            self.fault,
            self.last().road,
            self.rules()
        )
    }

    fn text(&self, seed: u64) -> String {
        let mut text = format!("{} (SEED={seed} ONLY={})\n", self.key(), self.number);
        for (step, exchange) in self.steps.iter().zip(&self.exchanges) {
            for edit in &step.edits {
                let _ = writeln!(text, "  * {}", edit.what);
            }
            let _ = writeln!(text, "{}", exchange.request);
            let _ = writeln!(text, "dockerd:  {}", exchange.response);
            let _ = writeln!(text, "judge:    {}", judgement(&exchange.after));
            for answer in &exchange.answers {
                let verdict = if answer.allows { "allowed" } else { "refused" };
                let _ = writeln!(
                    text,
                    "gate:     {verdict} {}",
                    answer.says.replace('\n', "\n          ")
                );
            }
            if exchange.answers.is_empty() {
                let _ = writeln!(text, "gate:     never asked");
            }
            if let Some(faults) = &exchange.truth {
                let _ = writeln!(text, "process:  {faults:?}");
            }
        }
        let last = self.last();
        let shown = if last.shown["HostConfig"].is_object() {
            json!({"HostConfig": said(&last.shown["HostConfig"]), "Mounts": last.shown["Mounts"],
                "Networks": last.shown["NetworkSettings"]["Networks"]})
        } else {
            last.shown.clone()
        };
        let _ = writeln!(
            text,
            "inspect:  {}",
            printable(shown.to_string().as_bytes(), 3_000)
        );
        if let Some(envelope) = last.envelopes.last() {
            let _ = writeln!(
                text,
                "as a case: {}",
                printable(case(envelope).to_string().as_bytes(), 6_000)
            );
        }
        text
    }
}

fn judgement(judgement: &Judgement) -> String {
    if judgement.complies() {
        return "it complies".to_owned();
    }
    let list = |notes: &BTreeMap<&str, String>| {
        notes
            .iter()
            .map(|(rule, what)| format!("{rule} ({what})"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut text = String::new();
    if !judgement.breaks.is_empty() {
        let _ = write!(text, "it breaks {}", list(&judgement.breaks));
    }
    if !judgement.doubts.is_empty() {
        let _ = write!(text, "; in doubt {}", list(&judgement.doubts));
    }
    text
}

/// The members of an object that say anything.
fn said(object: &Value) -> Value {
    let nothing = |value: &Value| {
        [
            json!(null),
            json!(0),
            json!(false),
            json!(""),
            json!([]),
            json!({}),
        ]
        .contains(value)
    };
    let members = object.as_object().into_iter().flatten();
    members
        .filter(|(_, value)| !nothing(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The request of an envelope as `tests/cases` writes it.
fn case(envelope: &[u8]) -> Value {
    let envelope: Value = serde_json::from_slice(envelope).unwrap_or_default();
    let body = STANDARD
        .decode(envelope["RequestBody"].as_str().unwrap_or_default())
        .unwrap_or_default();
    let mut request = json!({
        "method": envelope["RequestMethod"],
        "uri": envelope["RequestUri"],
        "headers": envelope["RequestHeaders"],
    });
    match String::from_utf8(body) {
        Ok(text) if text.is_empty() => {}
        Ok(text) => request["body-text"] = json!(text),
        Err(error) => request["body-base64"] = json!(STANDARD.encode(error.as_bytes())),
    }
    json!({"about": "", "request": request, "verdict": "", "rules": []})
}

impl Report {
    /// Counts one case.
    pub(crate) fn count(&mut self, steps: &[Step], exchanges: &[Exchange]) {
        for (step, exchange) in steps.iter().zip(exchanges) {
            self.roads.entry(step.road).or_default().add(exchange);
            for edit in &step.edits {
                self.kinds
                    .entry(edit.kind.clone())
                    .or_default()
                    .add(exchange);
            }
            self.requests += 1;
            self.never_asked += u64::from(exchange.answers.is_empty());
            self.refused_by_dockerd += u64::from(!exchange.response.is_success());
            self.made += u64::from(exchange.made);
            self.allowed += u64::from(exchange.allowed());
            self.refused += u64::from(!exchange.allowed());
            self.started += u64::from(exchange.truth.is_some());
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    /// Takes a find in. Of those with the same cause one is kept, and their number. Gives its text
    /// when it is the first of them.
    pub(crate) fn find(&mut self, find: Find, seed: u64) -> Option<String> {
        match self.finds.entry(find.key()) {
            Entry::Occupied(mut entry) => {
                entry.get_mut().0 += 1;
                None
            }
            Entry::Vacant(entry) => {
                let text = find.text(seed);
                entry.insert((1, find));
                Some(text)
            }
        }
    }

    /// Whether so many finds break the same rules in the same way that one more tells nothing.
    pub(crate) fn is_well_known(&self, find: &Find) -> bool {
        let alike = self.finds.values().filter(|(_, other)| {
            (other.fault, other.last().road, other.rules())
                == (find.fault, find.last().road, find.rules())
        });
        alike.map(|(times, _)| times).sum::<u64>() >= ALIKE
    }

    /// The number of faults of a kind.
    pub(crate) fn faults(&self, fault: Fault) -> u64 {
        self.finds
            .values()
            .filter(|(_, find)| find.fault == fault)
            .map(|(times, _)| times)
            .sum()
    }

    /// All figures.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (times, find) in self.finds.values() {
            let _ = writeln!(text, "{times} times {} (ONLY={})", find.key(), find.number);
        }
        let _ = writeln!(text, "   tried    made allowed  (of what was made)");
        for (road, tally) in &self.roads {
            let _ = writeln!(text, "{tally}  {road:?}");
        }
        for (kind, tally) in &self.kinds {
            let _ = writeln!(text, "{tally}  {kind}");
        }
        for (what, number) in [
            ("requests", self.requests),
            ("  never shown to a plugin", self.never_asked),
            ("  refused by dockerd", self.refused_by_dockerd),
            ("  made or changed something", self.made),
            ("  allowed by the gate", self.allowed),
            ("  refused by the gate", self.refused),
            ("containers started and looked at", self.started),
            ("escapes", self.faults(Fault::Escape)),
            ("false denials", self.faults(Fault::FalseDenial)),
            ("misjudged", self.faults(Fault::Misjudged)),
        ] {
            let _ = writeln!(text, "{number:>8} {what}");
        }
        text
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            tried,
            made,
            allowed,
        } = self;
        write!(formatter, "{tried:>8}{made:>8}{allowed:>8}")
    }
}

impl Tally {
    fn add(&mut self, exchange: &Exchange) {
        self.tried += 1;
        self.made += u64::from(exchange.made);
        self.allowed += u64::from(exchange.made && exchange.allowed());
    }
}
