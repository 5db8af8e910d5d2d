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
mod seen;

pub use host::FsHost;
use host::HostWithoutDisk;
pub use listen::{ListenError, RootOnly, bind, inherited};
pub use log::{DecisionLog, LogTarget};
pub use reload::PolicySource;
use seen::SeenHost;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::post;

use tokio::sync::Semaphore;

use crate::decision::{Decision, Stamp, decide};
use crate::docker::Host;
use crate::policy::Policy;
use crate::protocol::{self, EnvelopeError, Reply};

/// How long one decision may take. Looking a host path up can hang on a network mount, and dockerd
/// itself waits for its plugins without end.
const DECISION_DEADLINE: Duration = Duration::from_secs(10);

/// How much may be on its way through the gate at once, in KiB of envelopes; further calls wait for
/// their turn. A decision needs up to three times its envelope, and the unit allows 512 MiB.
const BUDGET_KIB: u32 = 128 * 1024;

/// Calls up to this many KiB wait for nobody: those that only read must go on while large ones hang.
const FREE_KIB: u32 = 64;

/// The gate: a policy, a host and a log, shared by all connections.
pub struct Gate {
    policy: RwLock<Arc<Policy>>,
    host: Arc<SeenHost>,
    log: DecisionLog,
    log_reads: bool,
    started: String,
    decisions: AtomicU64,
    budget: Semaphore,
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
            host: Arc::new(SeenHost::new(host)),
            log,
            log_reads,
            // Decisions of two runs of the gate must not share an id.
            started: format!("{:x}", jiff::Timestamp::now().as_millisecond()),
            decisions: AtomicU64::new(0),
            budget: Semaphore::new(usize::try_from(BUDGET_KIB).unwrap_or(usize::MAX)),
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
        Arc::<SeenHost>::clone(&self.host)
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
                engine: self.host.engine(),
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
        let Ok(known) = decision else {
            return of_panic(policy);
        };
        let (host, its_policy) = (self.host(), Arc::clone(policy));
        let task = tokio::task::spawn_blocking(move || {
            catch_unwind(AssertUnwindSafe(|| {
                decide(&raw, &its_policy, host.as_ref())
            }))
        });
        match tokio::time::timeout(DECISION_DEADLINE, task).await {
            Ok(Ok(Ok(decision))) => decision,
            Ok(Ok(Err(_)) | Err(_)) => {
                tracing::error!("{PANICKED}");
                known.failed(FAULT, policy)
            }
            Err(_) => {
                let seconds = DECISION_DEADLINE.as_secs();
                tracing::error!("a decision took more than {seconds} seconds");
                known.failed(&format!("it took more than {seconds} seconds"), policy)
            }
        }
    }
}

const PANICKED: &str = "a decision panicked; the request counts as not judged";

/// What the person and the log are told of a panic.
const FAULT: &str = "a fault in the gate";

fn of_panic(policy: &Policy) -> Decision {
    tracing::error!("{PANICKED}");
    Decision::of_failure(FAULT, policy)
}

async fn activate(State(gate): State<Arc<Gate>>) -> impl IntoResponse {
    // dockerd does this once in its life, so it may be another engine from here on.
    gate.host.forget();
    ([(CONTENT_TYPE, protocol::CONTENT_TYPE)], protocol::MANIFEST)
}

// dockerd sends no content type, so the bytes are taken as they come.
async fn authz_req(State(gate): State<Arc<Gate>>, request: Request) -> impl IntoResponse {
    let share = share_of_budget(request.headers());
    // It is never closed, so there is no error; and without a share the call would go on all the same.
    let _share = gate.budget.acquire_many(share).await.ok();
    let raw = Bytes::from_request(request, &()).await;
    let raw = raw.map_err(|rejection| EnvelopeError::Incomplete(rejection.body_text()));
    json(&Arc::clone(&gate).answer(raw).await)
}

/// What a call takes of [`BUDGET_KIB`]: by its announced length, or as much as it may have.
fn share_of_budget(headers: &HeaderMap) -> u32 {
    let most = u32::try_from(protocol::ENVELOPE_LIMIT / 1024).unwrap_or(BUDGET_KIB);
    headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok())
        .and_then(|bytes| u32::try_from(bytes / 1024).ok())
        .map_or(most, |kib| match kib {
            0..FREE_KIB => 0,
            more => more.saturating_add(1).min(most),
        })
}

// By now the action has happened; to refuse would only hide its result. The body is taken off the
// connection, and looked at for what it tells of the engine.
async fn authz_res(State(gate): State<Arc<Gate>>, request: Request) -> impl IntoResponse {
    let share = share_of_budget(request.headers());
    let _share = gate.budget.acquire_many(share).await.ok();
    let raw: Result<Bytes, BytesRejection> = Bytes::from_request(request, &()).await;
    if let Ok(raw) = raw {
        gate.host.look(&raw);
    }
    json(&Reply::allow())
}

fn json(reply: &Reply) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, protocol::CONTENT_TYPE)], reply.to_json())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;
    use crate::docker::PlainHost;

    async fn ask(gate: &Arc<Gate>, path: &str, body: &str) -> (u16, String) {
        let request = Request::post(path)
            .header(CONTENT_LENGTH, body.len())
            .body(Body::from(body.to_owned()));
        let router = Arc::clone(gate).router();
        let response = router.oneshot(request.unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20);
        (
            status,
            String::from_utf8(body.await.unwrap().to_vec()).unwrap(),
        )
    }

    fn gate() -> Arc<Gate> {
        let host = PlainHost {
            today: jiff::civil::date(2027, 1, 1),
        };
        let policy = Policy::built_in(false, &host).unwrap();
        let log = DecisionLog::open(LogTarget::File("/dev/null".into())).unwrap();
        Arc::new(Gate::new(policy, Arc::new(host), log, false))
    }

    #[tokio::test]
    async fn every_endpoint_answers() {
        let gate = gate();
        let (status, body) = ask(&gate, protocol::ACTIVATE, "").await;
        assert_eq!((status, body.as_str()), (200, protocol::MANIFEST));
        let (status, body) = ask(&gate, protocol::AUTHZ_RES, "noise").await;
        assert_eq!((status, body.as_str()), (200, r#"{"Allow":true}"#));
        let (status, body) = ask(&gate, protocol::AUTHZ_REQ, "").await;
        assert_eq!(status, 200);
        assert!(body.starts_with(r#"{"Allow":false,"Msg":"#), "{body}");
    }

    #[tokio::test]
    async fn a_call_waits_for_its_share_and_gives_it_back() {
        let gate = gate();
        let all = gate.budget.acquire_many(BUDGET_KIB).await.unwrap();
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { ask(&gate, protocol::AUTHZ_REQ, &" ".repeat(1 << 20)).await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!waiting.is_finished());
        assert_eq!(ask(&gate, protocol::AUTHZ_REQ, "small").await.0, 200);
        drop(all);
        assert_eq!(waiting.await.unwrap().0, 200);
        let all = usize::try_from(BUDGET_KIB).unwrap();
        assert_eq!(gate.budget.available_permits(), all);
    }

    #[test]
    fn a_share_follows_the_announced_length() {
        let share = |length: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(length) = length {
                headers.insert(CONTENT_LENGTH, length.parse().unwrap());
            }
            share_of_budget(&headers)
        };
        assert_eq!(share(Some("0")), 0);
        assert_eq!(share(Some("65535")), 0);
        assert_eq!(share(Some("65536")), 65);
        for unclear in [
            None,
            Some("x"),
            Some("99999999999999999999"),
            Some("999999999"),
        ] {
            assert_eq!(share(unclear), 16 * 1024);
        }
    }
}
