//! From raw bytes to a decision, without touching the world.

mod message;
mod record;
mod verdict;

pub use record::Stamp;
pub use verdict::{Effect, Judged, Outcome, Verdict};

use crate::docker::{Call, Host, ImageRef, Problem, Reading, Route};
use crate::policy::{Policy, Subject};
use crate::protocol::{AuthzRequest, EnvelopeError, Reply};

/// A decision, with what it was made from.
#[derive(Debug, Clone)]
pub struct Decision {
    verdict: Verdict,
    route: Option<&'static Route>,
    noun: &'static str,
    is_read: bool,
    user: Option<String>,
    image: Option<ImageRef>,
    container: Option<String>,
}

/// Decides one call. Total: whatever `raw` holds, there is a decision.
#[must_use]
pub fn decide(raw: &[u8], policy: &Policy, host: &dyn Host) -> Decision {
    match AuthzRequest::parse(raw) {
        Ok(request) => decide_request(&request, policy, host),
        Err(error) => Decision::unreadable(&error, policy),
    }
}

fn decide_request(request: &AuthzRequest<'_>, policy: &Policy, host: &dyn Host) -> Decision {
    let reading = Call::read(request, host);
    let subject = Subject::new(request.user.as_deref());
    let image = reading.call.as_ref().and_then(Call::image);
    let found = reading
        .call
        .as_ref()
        .map(|call| policy.rules().check(call))
        .unwrap_or_default();
    let verdict = Verdict::of(
        &reading.problems,
        found,
        policy,
        &subject,
        image,
        host.today(),
    );
    let is_read = reading.is_read();
    let Reading {
        route,
        ref call,
        problems: _,
    } = reading;
    Decision {
        verdict,
        route,
        noun: call.as_ref().map_or("request", |call| call.kind().noun()),
        is_read,
        user: subject.name().map(ToOwned::to_owned),
        image: image.cloned(),
        container: call.as_ref().and_then(Call::name).map(ToOwned::to_owned),
    }
}

impl Decision {
    /// The decision on an envelope that could not be read.
    #[must_use]
    pub fn unreadable(error: &EnvelopeError, policy: &Policy) -> Self {
        Self::of_problem(&Problem::Envelope(error.to_string()), policy)
    }

    /// The same request, when the gate failed before it was decided: refused in enforce, never in
    /// audit. What is known of the request stays for the log.
    #[must_use]
    pub fn failed(self, what: &str, policy: &Policy) -> Self {
        Self {
            verdict: Self::of_failure(what, policy).verdict,
            ..self
        }
    }

    /// The decision when the gate itself failed: refused in enforce, never in audit.
    #[must_use]
    pub fn of_failure(what: &str, policy: &Policy) -> Self {
        Self::of_problem(&Problem::Gate(what.to_owned()), policy)
    }

    fn of_problem(problem: &Problem, policy: &Policy) -> Self {
        Self {
            verdict: Verdict::of_problem(problem, policy),
            route: None,
            noun: "request",
            is_read: false,
            user: None,
            image: None,
            container: None,
        }
    }

    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether the call only reads and was simply allowed; the log leaves those out unless asked.
    #[must_use]
    pub fn is_plain_read(&self) -> bool {
        self.is_read && self.verdict.outcome() == Outcome::Allow
    }

    /// The answer for dockerd.
    #[must_use]
    pub fn reply(&self) -> Reply {
        match self.verdict.outcome() {
            Outcome::Allow | Outcome::WouldDeny => Reply::allow(),
            Outcome::Deny => Reply::refuse(message::render(&self.verdict, self.noun)),
        }
    }
}
