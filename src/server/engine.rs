//! Which engine asks, learned from the answers that it shows to its plugins.

use std::sync::{PoisonError, RwLock};

use crate::docker::Engine;
use crate::protocol::AuthzRequest;

/// How many answers are looked at: an engine that does not name itself in these never will.
const LOOKS: u32 = 64;

/// The engine, as far as it has been seen.
#[derive(Debug)]
pub(super) struct SeenEngine(RwLock<Seen>);

#[derive(Debug)]
enum Seen {
    /// Not yet; with how many answers are still to be looked at.
    Unknown(u32),
    Known(Engine),
}

impl Default for SeenEngine {
    fn default() -> Self {
        Self(RwLock::new(Seen::Unknown(LOOKS)))
    }
}

impl SeenEngine {
    /// The version that it gives itself, once it is known.
    pub(super) fn name(&self) -> Option<String> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Seen::Unknown(_) => None,
            Seen::Known(engine) => Some(engine.to_string()),
        }
    }

    /// Begins anew.
    pub(super) fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Seen::Unknown(LOOKS);
    }

    /// Looks at an answer of the engine, and says once what it is and what it keeps from the gate.
    // moby daemon/server/middleware/version.go: each answer has a `Server` header.
    pub(super) fn look(&self, raw: &[u8]) {
        let left = match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Seen::Known(_) | Seen::Unknown(0) => return,
            Seen::Unknown(left) => left.saturating_sub(1),
        };
        let answer = AuthzRequest::parse(raw).ok();
        let engine = answer
            .as_ref()
            .and_then(|answer| answer.response_headers.get("Server"))
            .and_then(|server| Engine::parse(server));
        let seen = match engine {
            None => Seen::Unknown(left),
            Some(engine) => {
                tracing::info!("the engine is Docker {engine}");
                for hole in engine.holes() {
                    let (what, answer) = (hole.what, hole.answer);
                    match hole.cve {
                        "" => tracing::warn!("the engine: {what}; {answer}"),
                        cve => {
                            tracing::warn!("the engine, by its version ({cve}): {what}; {answer}");
                        }
                    }
                }
                Seen::Known(engine)
            }
        };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = seen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(server: &str) -> Vec<u8> {
        format!(
            r#"{{"RequestMethod":"GET","RequestUri":"/info","ResponseHeaders":{{"Server":"{server}"}}}}"#
        )
        .into_bytes()
    }

    #[test]
    fn the_first_answer_that_names_an_engine_counts_until_dockerd_starts_anew() {
        let seen = SeenEngine::default();
        for noise in [&b""[..], b"noise", &answer("nginx")] {
            seen.look(noise);
            assert_eq!(seen.name(), None);
        }
        seen.look(&answer("Docker/28.5.2 (linux)"));
        seen.look(&answer("Docker/20.10.24 (linux)"));
        assert_eq!(seen.name().as_deref(), Some("28.5.2"));
        seen.forget();
        assert_eq!(seen.name(), None);
        for _ in 0..LOOKS {
            seen.look(b"noise");
        }
        seen.look(&answer("Docker/28.5.2 (linux)"));
        assert_eq!(seen.name(), None);
    }
}
