//! Findings, modes, exemptions and reading problems, joined into a verdict. Only here is an allow
//! made.

use jiff::civil::Date;

use crate::docker::{ImageRef, Problem};
use crate::policy::{Exemption, Found, Mode, Policy, PolicyMode, Subject};

/// What becomes of a request, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    outcome: Outcome,
    judged: Vec<Judged>,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on, and nothing speaks against it.
    Allow,
    /// It goes on; without the audit mode of the policy or of a rule it would not.
    WouldDeny,
    /// It is refused.
    Deny,
}

impl Outcome {
    /// The word for it in the decision log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::WouldDeny => "would-deny",
            Self::Deny => "deny",
        }
    }
}

/// One finding, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Id of the rule, or of the reading problem.
    pub id: &'static str,
    /// Whether it is a reading problem, which has no mode and no exemption.
    pub is_problem: bool,
    /// What was found; may hold text of the caller.
    pub found: String,
    /// How to mend it.
    pub fix: String,
    /// What follows.
    pub effect: Effect,
}

/// What follows from a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It refuses the request where the policy enforces.
    Deny {
        /// The day on which an exemption for it ran out, with its reason.
        expired: Option<(Date, String)>,
    },
    /// Its rule only audits.
    Audit,
    /// Nothing, by an exemption.
    Exempt {
        /// The exemption's last day.
        until: Date,
        /// The exemption's reason.
        reason: String,
    },
}

impl Verdict {
    pub(super) fn of(
        problems: &[Problem],
        found: Vec<Found>,
        policy: &Policy,
        subject: &Subject<'_>,
        image: Option<&ImageRef>,
        today: Date,
    ) -> Self {
        let mut judged: Vec<Judged> = problems.iter().map(Judged::of_problem).collect();
        // An exemption is for a rule, not for a finding, and findings come rule by rule.
        let mut last: Option<(&'static str, Option<&Exemption>)> = None;
        judged.extend(found.into_iter().map(|found| {
            let exemption = match last {
                Some((id, exemption)) if id == found.rule.id => exemption,
                _ => policy.exemption(found.rule, subject, image, today),
            };
            last = Some((found.rule.id, exemption));
            let effect = match exemption {
                Some(exemption) if exemption.holds_on(today) => Effect::Exempt {
                    until: exemption.until(),
                    reason: exemption.reason().to_owned(),
                },
                Some(_) | None if found.mode == Mode::Audit => Effect::Audit,
                expired => Effect::Deny {
                    expired: expired
                        .map(|exemption| (exemption.until(), exemption.reason().to_owned())),
                },
            };
            Judged {
                id: found.rule.id,
                is_problem: false,
                found: found.finding.found,
                fix: found.finding.fix,
                effect,
            }
        }));
        Self::from_judged(judged, policy.mode())
    }

    pub(super) fn of_problem(problem: &Problem, policy: &Policy) -> Self {
        Self::from_judged(vec![Judged::of_problem(problem)], policy.mode())
    }

    /// INVARIANT: the only place where an outcome is chosen.
    fn from_judged(judged: Vec<Judged>, mode: PolicyMode) -> Self {
        let denies = judged
            .iter()
            .any(|judged| matches!(judged.effect, Effect::Deny { .. }));
        let audits = judged.iter().any(|judged| judged.effect == Effect::Audit);
        let outcome = match mode {
            PolicyMode::Enforce if denies => Outcome::Deny,
            PolicyMode::Enforce | PolicyMode::Audit if denies || audits => Outcome::WouldDeny,
            PolicyMode::Enforce | PolicyMode::Audit => Outcome::Allow,
        };
        Self { outcome, judged }
    }

    /// What becomes of the request.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Everything that was found, reading problems first, then rules in the order of the catalog.
    #[must_use]
    pub fn judged(&self) -> &[Judged] {
        &self.judged
    }

    /// The ids that refuse, or would, each once.
    #[must_use]
    pub fn denying(&self) -> Vec<&'static str> {
        let mut ids: Vec<&'static str> = self
            .judged
            .iter()
            .filter(|judged| matches!(judged.effect, Effect::Deny { .. }))
            .map(|judged| judged.id)
            .collect();
        ids.dedup();
        ids
    }
}

impl Judged {
    fn of_problem(problem: &Problem) -> Self {
        Self {
            id: problem.id(),
            is_problem: true,
            found: problem.to_string(),
            fix: problem.fix().to_owned(),
            effect: Effect::Deny { expired: None },
        }
    }
}
