//! The daemon's end: socket in, decisions out. Together with `cli` the only part that touches the
//! world.
#![expect(
    clippy::disallowed_methods,
    reason = "time is measured and files are read at this edge"
)]

mod host;
mod listen;
mod log;
mod reload;

pub use host::FsHost;
use host::HostWithoutDisk;
pub use listen::{ListenError, RootOnly, bind, inherited};
pub use log::{DecisionLog, LogTarget};
pub use reload::PolicySource;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;

use crate::decision::{Decision, Stamp, decide};
use crate::docker::Host;
use crate::policy::Policy;
use crate::protocol::{self, EnvelopeError, Reply};

/// How long one decision may take. Looking a host path up can hang on a network mount, and dockerd
/// itself waits for its plugins without end.
const DECISION_DEADLINE: Duration = Duration::from_secs(10);

/// The gate: a policy, a host and a log, shared by all connections.
pub struct Gate {
    policy: RwLock<Arc<Policy>>,
    host: Arc<dyn Host + Send + Sync>,
    log: DecisionLog,
    log_reads: bool,
    started: String,
    decisions: AtomicU64,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate that decides by `policy` until another one is put in.
    #[must_use]
    pub fn new(
        policy: Policy,
        host: Arc<dyn Host + Send + Sync>,
        log: DecisionLog,
        log_reads: bool,
    ) -> Self {
        Self {
            policy: RwLock::new(Arc::new(policy)),
            host,
            log,
            log_reads,
            // Decisions of two runs of the gate must not share an id.
            started: format!("{:x}", jiff::Timestamp::now().as_millisecond()),
            decisions: AtomicU64::new(0),
        }
    }

    /// The policy that holds now, whole.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another policy in the place of this one; running decisions keep theirs.
    pub fn replace_policy(&self, policy: Policy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    /// The host that decisions look at.
    #[must_use]
    pub fn host(&self) -> Arc<dyn Host + Send + Sync> {
        Arc::clone(&self.host)
    }

    /// The decision log.
    #[must_use]
    pub fn log(&self) -> &DecisionLog {
        &self.log
    }

    /// The plugin protocol as a service.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route(protocol::ACTIVATE, post(activate))
            .route(protocol::AUTHZ_REQ, post(authz_req))
            .route(protocol::AUTHZ_RES, post(authz_res))
            .layer(DefaultBodyLimit::max(protocol::ENVELOPE_LIMIT))
            .with_state(self)
    }

    /// Decides on the envelope in `raw`, writes the record, and gives the answer. Whatever goes
    /// wrong on the way is an answer, too: a dead connection would make dockerd ask again, with an
    /// empty body.
    async fn answer(self: Arc<Self>, raw: Result<Bytes, EnvelopeError>) -> Reply {
        let begun = Instant::now();
        let policy = self.policy();
        let decision = match raw {
            Ok(raw) => self.decide(raw, &policy).await,
            Err(error) => Decision::unreadable(&error, &policy),
        };
        if self.log_reads || !decision.is_plain_read() {
            let number = self.decisions.fetch_add(1, Ordering::Relaxed);
            let stamp = Stamp {
                time: format!("{:.6}", jiff::Timestamp::now()),
                id: format!("{}-{number:x}", self.started),
                micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            };
            self.log.write(decision.record(&policy, &stamp));
        }
        decision.reply()
    }

    async fn decide(&self, raw: Bytes, policy: &Arc<Policy>) -> Decision {
        // Most requests name no path of the host and are decided right here. One that does is decided
        // again, from the beginning, on a thread that may wait for the disk: a hung network mount
        // then holds up nobody else.
        let here = HostWithoutDisk::new(self.host.as_ref());
        let decision = catch_unwind(AssertUnwindSafe(|| decide(&raw, policy, &here)));
        if !here.was_asked() {
            return decision.unwrap_or_else(|_| of_panic(policy));
        }
        let (host, its_policy) = (self.host(), Arc::clone(policy));
        let task = tokio::task::spawn_blocking(move || {
            catch_unwind(AssertUnwindSafe(|| {
                decide(&raw, &its_policy, host.as_ref())
            }))
        });
        match tokio::time::timeout(DECISION_DEADLINE, task).await {
            Ok(Ok(Ok(decision))) => decision,
            Ok(Ok(Err(_)) | Err(_)) => of_panic(policy),
            Err(_) => {
                let seconds = DECISION_DEADLINE.as_secs();
                tracing::error!("a decision took more than {seconds} seconds");
                Decision::of_failure(&format!("it took more than {seconds} seconds"), policy)
            }
        }
    }
}

fn of_panic(policy: &Policy) -> Decision {
    tracing::error!("a decision panicked; the request counts as unreadable");
    Decision::of_failure("a fault in the gate", policy)
}

async fn activate() -> impl IntoResponse {
    ([(CONTENT_TYPE, protocol::CONTENT_TYPE)], protocol::MANIFEST)
}

// dockerd sends no content type, so the bytes are taken as they come.
async fn authz_req(
    State(gate): State<Arc<Gate>>,
    raw: Result<Bytes, BytesRejection>,
) -> impl IntoResponse {
    let raw = raw.map_err(|rejection| EnvelopeError::Incomplete(rejection.body_text()));
    json(&gate.answer(raw).await)
}

// By now the action has happened; to refuse would only hide its result. The body is taken off the
// connection and not looked at.
async fn authz_res(_raw: Result<Bytes, BytesRejection>) -> impl IntoResponse {
    json(&Reply::allow())
}

fn json(reply: &Reply) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, protocol::CONTENT_TYPE)], reply.to_json())
}
