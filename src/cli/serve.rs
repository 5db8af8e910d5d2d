//! `lockgate serve`: the daemon.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Exit, complain};
use crate::policy::{Policy, PolicyError};
use crate::server::{DecisionLog, FsHost, Gate, LogTarget, PolicySource, bind, inherited};

/// Where dockerd looks for a plugin named `lockgate`.
const DEFAULT_SOCKET: &str = "/run/docker/plugins/lockgate.sock";

/// Threads that read and answer.
const WORKER_THREADS: usize = 2;

/// Threads that decide, and may wait for a disk meanwhile; further decisions queue for them.
const DECISION_THREADS: usize = 32;

/// How long calls that run may go on after SIGTERM.
const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// Options of `serve`. Each can be given as a flag, in the environment, or in the policy file; the
/// first of these that speaks counts. Switches can only be switched on.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The policy file [default: /etc/lockgate/policy.toml, or the built-in policy without it]
    #[arg(long, value_name = "FILE", env = "LOCKGATE_POLICY")]
    policy: Option<OsString>,
    /// Refuse nothing, and log what would be refused
    #[arg(long, env = "LOCKGATE_AUDIT", value_parser = switch)]
    audit: bool,
    /// The socket, when systemd hands none over [default: /run/docker/plugins/lockgate.sock]
    #[arg(long, value_name = "PATH", env = "LOCKGATE_SOCKET")]
    socket: Option<OsString>,
    /// The file for the decision log; `-` for standard output [default: -]
    #[arg(long, value_name = "FILE", env = "LOCKGATE_LOG")]
    log: Option<OsString>,
    /// Log calls that only read, too
    #[arg(long, env = "LOCKGATE_LOG_READS", value_parser = switch)]
    log_reads: bool,
    /// Where the root of the host is mounted, for a gate in a container [default: /]
    #[arg(long, value_name = "DIR", env = "LOCKGATE_HOST_ROOT")]
    host_root: Option<OsString>,
}

fn see_host(root: PathBuf) -> anyhow::Result<Arc<FsHost>> {
    let shown = root.display().to_string();
    FsHost::new(root)
        .map(Arc::new)
        .with_context(|| format!("cannot see the host's files at `{shown}`"))
}

/// Reads a switch from the environment; nothing is no.
fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "" | "0" | "false" | "no" | "off" => Ok(false),
        "1" | "true" | "yes" | "on" => Ok(true),
        _ => Err("write `true` or `false`".to_owned()),
    }
}

impl Serve {
    pub(super) fn run(self) -> Exit {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_target(false)
            .without_time()
            .init();
        match self.serve() {
            Ok(()) => Exit::Worked,
            Err(error) => {
                complain(format_args!("{error:#}"));
                if error.downcast_ref::<PolicyError>().is_some() {
                    Exit::BadPolicy
                } else {
                    Exit::Failed
                }
            }
        }
    }

    fn serve(self) -> anyhow::Result<()> {
        let Self {
            policy: path,
            audit,
            socket,
            log,
            log_reads,
            host_root,
        } = self;
        // A variable that is set to nothing, as Docker does with those of a managed plugin, is not
        // given.
        let given =
            |path: Option<OsString>| path.filter(|path| !path.is_empty()).map(PathBuf::from);
        let (path, socket, log, host_root) =
            (given(path), given(socket), given(log), given(host_root));
        let mut source = PolicySource::new(path, host_root.as_deref(), audit);
        // The file may say where the host is, and the host is needed to read the file's paths: so a
        // file that moves the root is read once more.
        let root = host_root.clone().unwrap_or_else(|| PathBuf::from("/"));
        let mut host = see_host(root)?;
        let mut policy = source.load(host.as_ref())?;
        if let (None, Some(root)) = (&host_root, &policy.server().host_root) {
            host = see_host(root.clone())?;
            policy = source.load(host.as_ref())?;
        }
        let target = log
            .or_else(|| policy.log().file.clone())
            .filter(|file| file.as_os_str() != "-")
            .map_or(LogTarget::Stdout, LogTarget::File);
        let log_reads = log_reads || policy.log().reads.unwrap_or_default();
        let socket = socket
            .or_else(|| policy.server().socket.clone())
            .unwrap_or_else(|| PathBuf::from(DEFAULT_SOCKET));
        announce(&policy, host.as_ref());
        let log = DecisionLog::open(target.clone())
            .with_context(|| format!("cannot open the decision log {target}"))?;
        let gate = Arc::new(Gate::new(policy, host, log, log_reads));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKER_THREADS)
            .max_blocking_threads(DECISION_THREADS)
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        let result = runtime.block_on(run(gate, source, socket));
        // Not by dropping it: that would wait for look-ups that hang.
        runtime.shutdown_background();
        result
    }
}

async fn run(gate: Arc<Gate>, source: PolicySource, socket: PathBuf) -> anyhow::Result<()> {
    let (listener, own) = if let Some(listener) = inherited()? {
        tracing::info!("listening on the socket that systemd handed over");
        (listener, None)
    } else {
        let listener = bind(&socket)?;
        tracing::info!("listening on {}", socket.display());
        (listener, Some(socket))
    };
    // Before READY, so that no signal can end the process the hard way afterwards.
    let hangup = signal(SignalKind::hangup()).context("cannot listen to SIGHUP")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen to SIGINT")?;
    let reloads = tokio::spawn(reload_on(hangup, Arc::clone(&gate), source));
    tell_systemd(&[NotifyState::Ready]);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(listener, Arc::clone(&gate).router())
        .with_graceful_shutdown(async move {
            // An error says that the sender is gone, which is a reason to stop as well.
            let _ = stopped.await;
        })
        .into_future();
    let mut serving = tokio::spawn(serving);
    tokio::select! {
        ended = &mut serving => {
            ended.context("the server failed")?.context("the server failed")?;
        }
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tell_systemd(&[NotifyState::Stopping]);
    tracing::info!("stopping; calls that run are finished first");
    if let Some(path) = own {
        // First of all, while nobody else can have taken the place. Gone already is fine.
        let _ = std::fs::remove_file(path);
    }
    drop(stop);
    if !serving.is_finished() && tokio::time::timeout(DRAIN_LIMIT, serving).await.is_err() {
        tracing::warn!("some calls were still running and are dropped");
    }
    reloads.abort();
    gate.log().close();
    Ok(())
}

async fn reload_on(mut hangup: Signal, gate: Arc<Gate>, mut source: PolicySource) {
    while hangup.recv().await.is_some() {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            tell_systemd(&[NotifyState::Reloading, now]);
        }
        gate.log().reopen();
        let host = gate.host();
        let status = match source.load(host.as_ref()) {
            Ok(policy) => {
                announce(&policy, host.as_ref());
                let before = gate.policy();
                if (before.log(), before.server()) != (policy.log(), policy.server()) {
                    tracing::warn!("a change of [log] or [server] needs a restart");
                }
                let status = format!("policy {} reloaded", policy.name());
                gate.replace_policy(policy);
                status
            }
            Err(error) => {
                tracing::error!("the policy was not reloaded, the last good one holds: {error}");
                "the last reload failed; the policy before it holds".to_owned()
            }
        };
        tell_systemd(&[NotifyState::Status(&status), NotifyState::Ready]);
    }
}

fn announce(policy: &Policy, host: &dyn crate::docker::Host) {
    tracing::info!(
        "policy {} (preset {}, mode {}, {})",
        policy.name(),
        policy.preset(),
        policy.mode(),
        policy.digest()
    );
    for warning in policy.lint(host.today()) {
        tracing::warn!("policy: {warning}");
    }
}

fn tell_systemd(states: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell.
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("cannot notify systemd: {error}");
    }
}
