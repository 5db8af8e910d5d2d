//! The gate under test: a host, a policy in both its modes, and what holds for every decision.

use std::fmt::Write as _;
use std::sync::LazyLock;

use lockgate::decision::{Decision, Outcome, Stamp, decide};
use lockgate::docker::{Call, Class, Host, HostPath, HostSize, Reading};
use lockgate::policy::{CATALOG, Policy};
use lockgate::protocol::AuthzRequest;

/// A host with a link, a directory that does not answer, and a size.
#[derive(Debug)]
pub struct FuzzHost;

impl Host for FuzzHost {
    fn resolve(&self, path: &HostPath) -> Result<HostPath, String> {
        match path.as_str().strip_prefix("/srv/") {
            Some("silent") => Err("it does not answer".to_owned()),
            Some("link") => Ok(HostPath::root().join("etc")),
            _ => Ok(path.clone()),
        }
    }

    fn today(&self) -> jiff::civil::Date {
        jiff::civil::date(2027, 1, 1)
    }

    fn size(&self) -> HostSize {
        HostSize {
            memory: Some(8 << 30),
            swap: Some(1 << 30),
            cpus: Some(4),
        }
    }

    fn has_unified_cgroups(&self) -> bool {
        false
    }

    fn is_swarm_network(&self, id: &str) -> bool {
        id.starts_with("c0ffee")
    }
}

/// Who has every exemption that there can be.
pub const EXEMPTED: &str = "ops";

/// Every rule denies; one caller is exempted from all that has exemptions.
static POLICY: LazyLock<[Policy; 2]> = LazyLock::new(|| {
    let mut text = String::new();
    let mut names = Vec::new();
    for rule in CATALOG {
        let _ = writeln!(text, "[rules.{}]\nmode = \"deny\"", rule.id);
        if rule.exemptible {
            names.push(rule.id);
        }
    }
    let _ = writeln!(
        text,
        "[[exemptions]]\nrules = {names:?}\nusers = [\"{EXEMPTED}\"]\nuntil = 2027-03-31\nreason = \"a test\""
    );
    let parse = |audit| Policy::parse("fuzz.toml", &text, audit, &FuzzHost).expect("a good policy");
    [parse(false), parse(true)]
});

/// The decisions on one envelope.
#[derive(Debug)]
pub struct Decided {
    enforced: Decision,
    audited: Decision,
    /// The line for the log, of the audit mode.
    record: String,
}

/// The most characters of a refusal: 40 lines of a finding and its mend, with a little around them.
const REFUSAL_LIMIT: usize = 41 * 800;

/// The most characters of a line of the log: a hundred findings, and a little around them.
const RECORD_LIMIT: usize = 101 * 1000;

impl Decided {
    /// Decides, and checks what holds for whatever bytes came in.
    ///
    /// # Panics
    ///
    /// When it does not hold.
    #[must_use]
    pub fn new(envelope: &[u8]) -> Self {
        let [enforcing, auditing] = &*POLICY;
        let enforced = decide(envelope, enforcing, &FuzzHost);
        let audited = decide(envelope, auditing, &FuzzHost);
        let stamp = Stamp {
            time: "2027-01-01T00:00:00Z".to_owned(),
            id: "1-0".to_owned(),
            micros: 1,
            engine: None,
        };
        let record = audited.record(auditing, &stamp);
        let decided = Self {
            enforced,
            audited,
            record,
        };
        decided.check_outcomes(envelope);
        decided.check_texts();
        decided
    }

    /// Whether it is refused where the policy enforces.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.enforced.verdict().outcome() == Outcome::Deny
    }

    /// Everything that leaves the gate: the answer for dockerd and the line for the log.
    ///
    /// # Panics
    ///
    /// When the answer is no text.
    #[must_use]
    pub fn texts(&self) -> [String; 2] {
        let reply = String::from_utf8(self.enforced.reply().to_json()).expect("a reply in UTF-8");
        [reply, self.record.clone()]
    }

    fn check_outcomes(&self, envelope: &[u8]) {
        let [enforced, audited] = [&self.enforced, &self.audited].map(|d| d.verdict().outcome());
        assert_ne!(audited, Outcome::Deny, "audit mode refuses");
        assert_eq!(self.audited.reply().to_json(), br#"{"Allow":true}"#);
        // The audit week tells the truth about the day after it.
        assert_eq!(audited == Outcome::Allow, enforced == Outcome::Allow);
        match AuthzRequest::parse(envelope) {
            Err(_) => assert_eq!(enforced, Outcome::Deny, "no request, and not refused"),
            Ok(request) => {
                let Reading {
                    route,
                    call,
                    problems,
                } = Call::read(&request, &FuzzHost);
                let is_read =
                    route.is_some_and(|route| matches!(route.class, Class::Read | Class::HostRead));
                assert!(
                    enforced == Outcome::Deny || problems.is_empty() && (is_read || call.is_some()),
                    "not all of it could be read, and it is not refused: {problems:?}"
                );
            }
        }
    }

    fn check_texts(&self) {
        let [reply, record] = self.texts();
        let reply: serde_json::Value = serde_json::from_str(&reply).expect("a reply in JSON");
        assert_eq!(reply["Allow"], !self.is_refused());
        let message = reply["Msg"].as_str().unwrap_or_default();
        assert_eq!(message.is_empty(), !self.is_refused(), "{message}");
        assert!(message.chars().count() < REFUSAL_LIMIT, "{message}");
        assert!(message.lines().all(is_plain), "{message:?}");
        assert!(record.chars().count() < RECORD_LIMIT, "{record}");
        assert!(is_plain(&record), "{record:?}");
        let record: serde_json::Value = serde_json::from_str(&record).expect("a record in JSON");
        assert!(
            record["verdict"].is_string() && record["policy"].is_object(),
            "{record}"
        );
    }
}

/// Whether no character of a line moves a cursor or turns the direction of writing.
fn is_plain(line: &str) -> bool {
    !line.contains(|char: char| {
        char.is_control()
            || matches!(char, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}
