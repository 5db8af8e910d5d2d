//! The daemon's plugins: one that allows everything and keeps each envelope that dockerd sends it,
//! and a volume driver, since dockerd looks for a driver that is not there for fifteen seconds.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use axum::{Router, serve};
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::runtime::Runtime;

/// The name of the volume driver.
pub(crate) const DRIVER: &str = "other";

/// The running plugins.
pub(crate) struct Recorder {
    envelopes: Arc<Envelopes>,
    // Its tasks end with it.
    _runtime: Runtime,
}

type Envelopes = Mutex<Vec<Bytes>>;

const ALLOW: &str = r#"{"Allow":true}"#;

impl Recorder {
    /// Listens in the daemon's folder of plugins, the recorder as `recorder`.
    ///
    /// # Errors
    ///
    /// When it cannot listen there.
    pub(crate) fn start(plugins: &Path) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let envelopes = Arc::new(Envelopes::default());
        let router = Router::new()
            .route(
                "/Plugin.Activate",
                post(async || r#"{"Implements":["authz"]}"#),
            )
            .route("/AuthZPlugin.AuthZReq", post(record))
            // Read to its end all the same: a connection on which something is left is closed, and
            // dockerd then waits a second.
            .route("/AuthZPlugin.AuthZRes", post(async |_: Bytes| ALLOW))
            // The longest bodies are dockerd's to limit.
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&envelopes));
        for (name, router) in [("recorder", router), (DRIVER, driver())] {
            let listener = {
                let _inside = runtime.enter();
                UnixListener::bind(plugins.join(format!("{name}.sock")))?
            };
            runtime.spawn(async move { serve(listener, router).await });
        }
        Ok(Self {
            envelopes,
            _runtime: runtime,
        })
    }

    /// What dockerd has asked since the last call. It asks before it acts, so after an answer of
    /// dockerd's all its questions about that request are here.
    pub(crate) fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut *self.envelopes.lock().unwrap())
    }
}

async fn record(State(envelopes): State<Arc<Envelopes>>, envelope: Bytes) -> &'static str {
    envelopes.lock().unwrap().push(envelope);
    ALLOW
}

/// A volume driver that has whatever it was told to make.
fn driver() -> Router {
    type Volumes = State<Arc<Mutex<BTreeSet<String>>>>;
    let name = |request: &Bytes| {
        let request: Value = serde_json::from_slice(request).unwrap_or_default();
        request["Name"].as_str().unwrap_or_default().to_owned()
    };
    let create = async move |State(volumes): Volumes, request: Bytes| {
        volumes.lock().unwrap().insert(name(&request));
        r#"{"Err":""}"#
    };
    let remove = async move |State(volumes): Volumes, request: Bytes| {
        volumes.lock().unwrap().remove(&name(&request));
        r#"{"Err":""}"#
    };
    let get = async move |State(volumes): Volumes, request: Bytes| {
        let name = name(&request);
        if volumes.lock().unwrap().contains(&name) {
            json!({"Volume": {"Name": name, "Mountpoint": "/"}, "Err": ""}).to_string()
        } else {
            json!({"Err": "there is no such volume"}).to_string()
        }
    };
    Router::new()
        .route(
            "/Plugin.Activate",
            post(async || r#"{"Implements":["VolumeDriver"]}"#),
        )
        .route("/VolumeDriver.Create", post(create))
        .route("/VolumeDriver.Remove", post(remove))
        .route("/VolumeDriver.Get", post(get))
        .route(
            "/VolumeDriver.List",
            post(async |_: Bytes| r#"{"Volumes":[],"Err":""}"#),
        )
        .route(
            "/VolumeDriver.Path",
            post(async |_: Bytes| r#"{"Mountpoint":"/","Err":""}"#),
        )
        .route(
            "/VolumeDriver.Capabilities",
            post(async |_: Bytes| r#"{"Capabilities":{"Scope":"local"}}"#),
        )
        .with_state(Arc::default())
}
