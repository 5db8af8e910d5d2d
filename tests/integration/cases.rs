use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate::decision::{Decision, Effect, Outcome, Stamp, decide};
use lockgate::policy::{CATALOG, Policy};
use serde::Deserialize;
use serde_json::Value;

use crate::support::{FakeHost, Reply, envelope_of, ids_in, is_plain};

/// One file. The verdict was written by hand, beside what dockerd does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What dockerd does with the request, and why lockgate answers as it does.
    about: String,
    /// What is changed of the preset `default`.
    #[serde(default)]
    policy: String,
    /// Whether `serve --audit` is given.
    #[serde(default)]
    audit: bool,
    #[serde(default)]
    pub(crate) host: FakeHost,
    pub(crate) request: Option<Request>,
    /// The whole envelope instead, as text.
    envelope: Option<String>,
    verdict: Expected,
    /// What refuses, or would if the policy enforced: all of it, in the order of the refusal.
    #[serde(default)]
    rules: Vec<String>,
    /// Rules that audit and found something.
    #[serde(default)]
    audited: Vec<String>,
    /// Rules that found something and are lifted by an exemption.
    #[serde(default)]
    exempt: Vec<String>,
    /// Phrases of the refusal.
    #[serde(default)]
    says: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) user: Option<String>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// A body that any JSON writer could have written.
    pub(crate) body: Option<Value>,
    /// A body to the letter.
    body_text: Option<String>,
    /// A body to the byte.
    body_base64: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expected {
    Allow,
    WouldDeny,
    Deny,
}

impl Request {
    /// The body, in whichever of its forms it is given.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.body, &self.body_text, &self.body_base64) {
            (Some(body), None, None) => Some(body.to_string().into_bytes()),
            (None, Some(text), None) => Some(text.clone().into_bytes()),
            (None, None, Some(bytes)) => Some(STANDARD.decode(bytes).unwrap()),
            (None, None, None) => None,
            _ => panic!("a request has one body"),
        }
    }

    fn envelope(&self) -> Vec<u8> {
        envelope_of(
            &self.method,
            &self.uri,
            self.bytes().as_deref(),
            self.user.as_deref(),
            &self.headers,
        )
    }
}

impl Case {
    pub(crate) fn envelope(&self) -> Vec<u8> {
        match (&self.request, &self.envelope) {
            (Some(request), None) => request.envelope(),
            (None, Some(text)) => text.clone().into_bytes(),
            _ => panic!("a case has a request or an envelope"),
        }
    }

    pub(crate) fn policy(&self, audit: bool) -> Policy {
        Policy::parse("policy.toml", &self.policy, audit, &self.host).unwrap()
    }

    /// What is not as the file says, in words.
    fn faults(&self) -> Vec<String> {
        let policy = self.policy(self.audit);
        let decision = decide(&self.envelope(), &policy, &self.host);
        let (verdict, reply) = (decision.verdict(), reply(&decision));
        let found = match verdict.outcome() {
            Outcome::Allow => Expected::Allow,
            Outcome::WouldDeny => Expected::WouldDeny,
            Outcome::Deny => Expected::Deny,
        };
        let mut faults = Vec::new();
        let mut expect = |what: &str, is: String, due: String| {
            if is != due {
                faults.push(format!("{what} {is}, not {due}"));
            }
        };
        expect(
            "the verdict is",
            format!("{found:?}"),
            format!("{:?}", self.verdict),
        );
        for (what, is, due) in [
            ("it is refused by", verdict.denying(), &self.rules),
            (
                "audited are",
                with_effect(&decision, |e| *e == Effect::Audit),
                &self.audited,
            ),
            (
                "exempted are",
                with_effect(&decision, |e| matches!(e, Effect::Exempt { .. })),
                &self.exempt,
            ),
        ] {
            expect(what, format!("{is:?}"), format!("{due:?}"));
        }
        let denies = found == Expected::Deny;
        expect(
            "the reply's Allow is",
            reply.allow.to_string(),
            (!denies).to_string(),
        );
        expect(
            "the reply names",
            format!("{:?}", ids_in(&reply.msg)),
            format!(
                "{:?}",
                if denies {
                    verdict.denying()
                } else {
                    Vec::new()
                }
            ),
        );
        for phrase in &self.says {
            if !reply.msg.contains(phrase) {
                faults.push(format!("the refusal does not say {phrase:?}"));
            }
        }
        if !reply.msg.lines().all(is_plain) {
            faults.push("the refusal holds control characters".to_owned());
        }
        faults.extend(self.faults_of_audit());
        if !faults.is_empty() {
            faults.push(format!("the refusal: {}", reply.msg));
        }
        faults
    }

    /// Whatever the file is about, the same request in audit mode.
    fn faults_of_audit(&self) -> Vec<String> {
        let policy = self.policy(true);
        let decision = decide(&self.envelope(), &policy, &self.host);
        let mut faults = Vec::new();
        if reply(&decision)
            != (Reply {
                allow: true,
                msg: String::new(),
            })
        {
            faults.push("audit mode does not simply allow it".to_owned());
        }
        let line = decision.record(&policy, &stamp());
        if !is_plain(&line) {
            faults.push(format!("the record holds control characters: {line:?}"));
        }
        let record: Value = serde_json::from_str(&line).unwrap();
        let due = match self.verdict {
            Expected::Allow => "allow",
            Expected::WouldDeny | Expected::Deny => "would-deny",
        };
        if record["verdict"] != due {
            faults.push(format!(
                "in audit mode the record says {}, not {due}",
                record["verdict"]
            ));
        }
        let mut logged: Vec<&str> = record["rules"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|rule| rule["effect"] == "deny")
            .map(|rule| rule["rule"].as_str().unwrap())
            .collect();
        logged.dedup();
        if logged != self.rules {
            faults.push(format!("the record names {logged:?}"));
        }
        faults
    }
}

fn reply(decision: &Decision) -> Reply {
    serde_json::from_slice(&decision.reply().to_json()).unwrap()
}

fn with_effect(decision: &Decision, is: impl Fn(&Effect) -> bool) -> Vec<&'static str> {
    let mut ids: Vec<&str> = decision
        .verdict()
        .judged()
        .iter()
        .filter(|judged| is(&judged.effect))
        .map(|judged| judged.id)
        .collect();
    ids.dedup();
    ids
}

fn stamp() -> Stamp {
    Stamp {
        time: "2027-01-01T00:00:00Z".to_owned(),
        id: "1-0".to_owned(),
        micros: 1,
        engine: None,
    }
}

/// Every file with what is in it, by folder and name.
pub(crate) fn files() -> Vec<(PathBuf, Case)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files = Vec::new();
    for folder in fs::read_dir(&root).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let case = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            files.push((path.strip_prefix(&root).unwrap().to_owned(), case));
        }
    }
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    files
}

#[test]
fn every_file_is_decided_as_it_says() {
    let mut report = String::new();
    let mut count = 0;
    for (path, case) in files() {
        count += 1;
        let faults = case.faults();
        if !faults.is_empty() {
            let (path, faults) = (path.display(), faults.join("\n  "));
            writeln!(report, "\n{path}: {}\n  {faults}", case.about).unwrap();
        }
    }
    assert!(report.is_empty(), "of {count} cases these fail:\n{report}");
    // The folder must not be empty or elsewhere.
    assert!(count > 500, "only {count} cases");
}

#[test]
fn every_rule_has_a_case_that_it_refuses_and_one_that_it_lets_pass() {
    let mut seen = BTreeSet::new();
    for (path, case) in files() {
        let (folder, name) = (path.parent().unwrap(), path.file_stem().unwrap());
        let (folder, name) = (folder.to_str().unwrap(), name.to_str().unwrap());
        let Some(rule) = CATALOG.iter().find(|meta| meta.id == folder) else {
            assert!(
                ["clients", "exemptions", "hostile", "modes", "volumes"].contains(&folder),
                "no rule is called {folder}"
            );
            continue;
        };
        let refuses = case.rules.iter().any(|id| id == rule.id);
        let finds = refuses || case.audited.iter().any(|id| id == rule.id);
        let kind = name.split_once('-').unwrap().0;
        match kind {
            "deny" => assert!(
                refuses && case.verdict == Expected::Deny,
                "{}: {} does not refuse it",
                path.display(),
                rule.id
            ),
            "allow" => assert!(
                !finds && case.verdict == Expected::Allow,
                "{}: it is not allowed",
                path.display()
            ),
            _ => panic!("{}: it begins with deny- or allow-", path.display()),
        }
        seen.insert((rule.id, kind.to_owned()));
    }
    for meta in CATALOG {
        for kind in ["deny", "allow"] {
            assert!(
                seen.contains(&(meta.id, kind.to_owned())),
                "tests/cases/{} has no {kind}-*.json",
                meta.id
            );
        }
    }
}

#[test]
fn a_file_with_a_misspelt_key_does_not_pass_for_one_without() {
    let good = r#"{"about": "", "envelope": "", "verdict": "deny", "rules": []}"#;
    assert!(serde_json::from_str::<Case>(good).is_ok());
    for (right, wrong) in [
        ("\"rules\"", "\"rule\""),
        ("\"envelope\": \"\"", "\"host\": {\"link\": {}}"),
        (
            "\"envelope\": \"\"",
            "\"request\": {\"method\": \"\", \"uri\": \"\", \"boddy\": 1}",
        ),
        ("\"deny\"", "\"denied\""),
    ] {
        let text = good.replace(right, wrong);
        assert_ne!(text, good);
        assert!(serde_json::from_str::<Case>(&text).is_err(), "{text}");
    }
}
