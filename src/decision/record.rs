//! One JSON line for each decision: what it was made from, and nothing else.
//!
//! Never in it: bodies, environment, labels, credentials, control characters.

use serde::Serialize;

use super::Decision;
use super::message::plain;
use super::verdict::Effect;
use crate::policy::Policy;

/// The most findings that one record holds; the rest is counted.
const FINDING_LIMIT: usize = 100;

/// What only the edge knows of a decision.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// When it was made, RFC 3339 in UTC.
    pub time: String,
    /// Unique for each decision of this host.
    pub id: String,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The engine that asked, once it is known.
    pub engine: Option<String>,
}

#[derive(Serialize)]
struct Record<'a> {
    time: &'a str,
    id: &'a str,
    mode: String,
    verdict: &'static str,
    route: Option<String>,
    user: Option<String>,
    image: Option<String>,
    container: Option<String>,
    rules: Vec<RuleRecord>,
    #[serde(skip_serializing_if = "is_zero")]
    more: usize,
    policy: PolicyRecord<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
    micros: u64,
}

#[derive(Serialize)]
struct RuleRecord {
    rule: &'static str,
    effect: &'static str,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exemption: Option<ExemptionRecord>,
}

#[derive(Serialize)]
struct ExemptionRecord {
    reason: String,
    until: String,
    expired: bool,
}

#[derive(Serialize)]
struct PolicyRecord<'a> {
    name: &'a str,
    preset: &'static str,
    digest: &'a str,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Decision {
    /// The line for the decision log, without its line feed.
    #[must_use]
    pub fn record(&self, policy: &Policy, stamp: &Stamp) -> String {
        let judged = self.verdict.judged();
        let record = Record {
            time: &stamp.time,
            id: &stamp.id,
            mode: policy.mode().to_string(),
            verdict: self.verdict.outcome().as_str(),
            route: self.route.map(ToString::to_string),
            user: self.user.as_deref().map(plain),
            image: self.image.as_ref().map(|image| plain(&image.to_string())),
            container: self.container.as_deref().map(plain),
            rules: judged
                .iter()
                .take(FINDING_LIMIT)
                .map(|judged| {
                    let (effect, exemption) = match &judged.effect {
                        Effect::Deny { expired } => (
                            "deny",
                            expired
                                .as_ref()
                                .map(|(until, reason)| (until, reason, true)),
                        ),
                        Effect::Audit => ("audit", None),
                        Effect::Exempt { until, reason } => {
                            ("exempt", Some((until, reason, false)))
                        }
                    };
                    RuleRecord {
                        rule: judged.id,
                        effect,
                        found: plain(&judged.found),
                        exemption: exemption.map(|(until, reason, expired)| ExemptionRecord {
                            reason: plain(reason),
                            until: until.to_string(),
                            expired,
                        }),
                    }
                })
                .collect(),
            more: judged.len().saturating_sub(FINDING_LIMIT),
            policy: PolicyRecord {
                name: policy.name(),
                preset: policy.preset(),
                digest: policy.digest(),
            },
            engine: stamp.engine.as_deref().map(plain),
            micros: stamp.micros,
        };
        // Plain fields cannot fail to serialize.
        serde_json::to_string(&record).unwrap_or_default()
    }
}
