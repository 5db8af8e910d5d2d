//! What dockerd would do with a request: the route it takes, the body as Go reads it, and the views
//! that rules look at.
//!
//! Facts about dockerd stand beside the code that leans on them, as `// moby FILE: FACT`.

mod build;
mod capability;
mod checkpoint;
mod confinement;
mod container;
mod engine;
mod exec;
mod fields;
mod host;
mod image;
mod json;
mod mount;
mod network;
mod path;
mod plugin;
mod route;
mod service;
mod target;
mod ulimit;
mod views;
mod volume;

pub use capability::Capability;
pub(crate) use capability::DEFAULT as DEFAULT_CAPABILITIES;
pub(crate) use confinement::sha256;
pub use confinement::{Confinement, Seccomp};
pub use engine::{Engine, HOLES, Hole};
pub use fields::{HARMLESS, Harmless};
pub use host::{Host, HostSize, PlainHost};
pub use image::ImageRef;
pub use mount::{Mount, MountSource};
pub use path::{HostFile, HostPath, HostPathError};
pub use route::{Class, Form, ROUTES, Reads, Route};
pub use target::{ApiVersion, Query, Target, TargetError};
pub use views::{
    Amount, Capabilities, Cpu, Device, DeviceRequest, Devices, HostLink, Link, Memory, Namespace,
    NamespaceKind, NamespaceMode, NewNames, Oom, OpaqueBuild, Otherwise, Pids, PluginChange, Port,
    Ports, Replaced, Runtime, Setting, SystemPaths, Tmpfs, User, VIEWS, Zero,
};

use thiserror::Error;

use crate::protocol::{AuthzRequest, Body};
use json::{JsonError, Note};
use views::Views;

/// One API request, read.
///
/// A new kind of call is sorted in once: it is read into views, and every rule that looks at them
/// then covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    kind: Kind,
    name: Option<String>,
    views: Views,
}

/// What a call makes or changes; for messages, which speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Makes a container.
    Container,
    /// Starts a container.
    Start,
    /// Changes the limits of a container.
    Update,
    /// Runs a command in a container.
    Exec,
    /// Writes the state of a container to the disk.
    Checkpoint,
    /// Makes a volume, which containers then mount by its name.
    Volume,
    /// Makes a network.
    Network,
    /// Connects a container to a network.
    Connection,
    /// Makes or changes a service, whose containers dockerd makes without asking again.
    Service,
    /// Builds an image, in containers that dockerd makes without asking again.
    Build,
    /// Brings an image to this host, or gives one a name.
    Image,
    /// Anything else.
    Other,
}

/// What was read of a request, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The route, when the request target could be read and has one.
    pub route: Option<&'static Route>,
    /// The call, when all of it could be read.
    pub call: Option<Call>,
    /// What stood in the way. With any of these the request is not clear enough to be allowed.
    pub problems: Vec<Problem>,
}

/// Why a request cannot be read in exactly one way. No mode of a rule and no exemption softens it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// The envelope from dockerd.
    #[error("{0}")]
    Envelope(String),
    /// Method and request target.
    #[error("{0}")]
    Target(TargetError),
    /// A body is due and none came: dockerd hides some from its plugins and reads them all the same.
    #[error("its body did not reach the gate")]
    MissingBody,
    /// A form that dockerd reads in place of the query, and that never reaches a plugin.
    #[error(
        "it has, or may have, a form as its body, which counts before the query and does not reach the gate"
    )]
    FormBody,
    /// JSON that dockerd would not take, or not in this way.
    #[error("{0}")]
    Body(String),
    /// One field, two values.
    #[error("`{0}` is given twice")]
    Duplicate(String),
    /// A spelling that only a reader as lenient as Go takes for the field.
    #[error("`{path}` is not how Docker spells `{right}`")]
    OddSpelling {
        /// As it was written.
        path: String,
        /// As it should be.
        right: &'static str,
    },
    /// A host setting at the top level: some engines apply it, others do not.
    #[error("`{0}` stands outside of `HostConfig`, where only some engines read it")]
    Misplaced(String),
    /// The gate itself failed.
    #[error("lockgate failed while it decided ({0})")]
    Gate(String),
}

impl Problem {
    /// Its name in messages and in the decision log.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Envelope(_) => "unreadable-envelope",
            Self::Target(_) => "unreadable-target",
            Self::MissingBody => "missing-body",
            Self::FormBody => "form-body",
            Self::Body(_) => "unreadable-body",
            Self::Duplicate(_) | Self::OddSpelling { .. } | Self::Misplaced(_) => "ambiguous-body",
            Self::Gate(_) => "gate-failure",
        }
    }

    /// What the person can do about it.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Envelope(_) => "send it again",
            Self::Target(_) => "send a plain path, percent-encoded, without `#`",
            Self::MissingBody => {
                "send it as application/json with a Content-Length; many engines hide bodies of 1 MiB and more"
            }
            Self::FormBody => {
                "put the parameters into the query, and leave the body and its Content-Type out, or send Content-Length: 0"
            }
            Self::Body(_) => "send one JSON object with the fields and types of the Docker API",
            Self::Duplicate(_) => "give each field once",
            Self::OddSpelling { .. } => "spell it as the Docker API does",
            Self::Misplaced(_) => "move it into `HostConfig`",
            Self::Gate(_) => "send it again; if it stays, tell the operator of this host",
        }
    }
}

/// A call that was read, with what a person should hear of its body.
type Read = Result<(Call, Vec<Note>), JsonError>;

impl Call {
    fn new(kind: Kind, views: Views) -> Self {
        Self {
            kind,
            name: None,
            views,
        }
    }

    fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned()).filter(|name| !name.is_empty());
        self
    }

    /// Reads a request as dockerd will. Total: what cannot be read ends up in the problems.
    #[must_use]
    pub fn read(request: &AuthzRequest<'_>, host: &dyn Host) -> Reading {
        let target = match Target::parse(&request.request_uri) {
            Ok(target) => target,
            Err(error) => {
                return Reading {
                    route: None,
                    call: None,
                    problems: vec![Problem::Target(error)],
                };
            }
        };
        let Some(route) = Route::find(&request.request_method, &target.path) else {
            return Reading {
                route: None,
                call: Some(Self::unrouted(&request.request_method, &target.path)),
                problems: Vec::new(),
            };
        };
        let mut reading = Reading {
            route: Some(route),
            call: None,
            problems: Vec::new(),
        };
        reading.read(route, &target, request, host);
        let form = HiddenForm::of(request);
        let refused = match route.form {
            Form::No => false,
            Form::Overrides => form == HiddenForm::Said,
            Form::Decides => form != HiddenForm::None,
        };
        if refused {
            reading.problems.push(Problem::FormBody);
        }
        reading
    }

    /// A route of no known engine.
    // moby pkg/authorization/middleware.go: only what has a handler is shown to a plugin, so this is
    // an engine that is newer than the table.
    fn unrouted(method: &str, path: &str) -> Self {
        let what = format!("{method} {path}");
        Self::new(
            Kind::Other,
            match method {
                "GET" | "HEAD" | "OPTIONS" => Views {
                    host_secret: Some(format!("reads what lockgate does not know ({what})")),
                    ..Views::default()
                },
                _ => Views {
                    unknown_route: Some(what),
                    ..Views::default()
                },
            },
        )
    }

    /// What it makes or changes.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The name of what it makes, for the log.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl Kind {
    /// It, in a word.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Start => "start",
            Self::Update => "update",
            Self::Exec => "exec",
            Self::Checkpoint => "checkpoint",
            Self::Volume => "volume",
            Self::Network => "network",
            Self::Connection => "connection",
            Self::Service => "service",
            Self::Build => "build",
            Self::Image => "image",
            Self::Other => "request",
        }
    }
}

/// What can be told of a form that dockerd takes and the gate is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum HiddenForm {
    /// There is none.
    None,
    /// There may be one: dockerd acts on the first `Content-Type` and shows its plugins the last, so
    /// any that is shown may stand behind that of a form.
    Possible,
    /// It says that it is one.
    Said,
}

impl HiddenForm {
    fn of(request: &AuthzRequest<'_>) -> Self {
        let header = |name: &str| {
            request
                .request_headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim())
        };
        let Some(shown) = header("Content-Type") else {
            return Self::None;
        };
        // moby pkg/authorization/authz.go: a body is shown when the first type is JSON.
        if header("Content-Length") == Some("0") || request.request_body != Body::Absent {
            return Self::None;
        }
        let kind = shown.split(';').next().unwrap_or_default().trim();
        let is_form = ["application/x-www-form-urlencoded", "multipart/form-data"]
            .iter()
            .any(|form| kind.eq_ignore_ascii_case(form));
        if is_form { Self::Said } else { Self::Possible }
    }
}

impl Reading {
    fn read(
        &mut self,
        route: &Route,
        target: &Target,
        request: &AuthzRequest<'_>,
        host: &dyn Host,
    ) {
        let version = target.version.as_ref();
        let body = &request.request_body;
        match route.reads {
            Reads::Nothing => self.call = Some(Call::new(Kind::Other, Views::default())),
            Reads::ContainerCreate => {
                let query = self.query(target).unwrap_or_default();
                self.body(body, |body| {
                    container::create(body, version, host)
                        .map(|(call, notes)| (call.named(query.first("name")), notes))
                });
            }
            Reads::ContainerUpdate => {
                self.body(body, |body| container::update(body, version, host));
            }
            Reads::ExecCreate => self.body(body, exec::create),
            Reads::CheckpointCreate => self.body(body, |body| checkpoint::create(body, host)),
            Reads::VolumeCreate => self.body(body, |body| volume::create(body, host)),
            Reads::NetworkCreate => self.body(body, network::create),
            Reads::NetworkConnect => {
                let id = route.variable(&target.path);
                self.body(body, |body| network::connect(body, id));
            }
            Reads::Service => {
                let query = self.query(target).unwrap_or_default();
                self.body(body, |body| service::read(body, &query, version, host));
            }
            Reads::BuildStream => self.call = Some(build::stream()),
            Reads::ImageLoad => self.call = Some(image::any_name("loads")),
            Reads::Swarm(change) => {
                self.call = Some(Call::new(
                    Kind::Other,
                    Views {
                        swarm_change: Some(change),
                        ..Views::default()
                    },
                ));
            }
            Reads::Secret(what) => {
                self.call = Some(Call::new(
                    Kind::Other,
                    Views {
                        host_secret: Some(what.to_owned()),
                        ..Views::default()
                    },
                ));
            }
            Reads::ContainerStart => {
                let Some(query) = self.query(target) else {
                    return;
                };
                self.result(container::start(body, &query, version, host));
            }
            Reads::CheckpointDirectory => {
                let query = self.query(target);
                self.call = query.map(|query| checkpoint::directory(&query, host));
            }
            Reads::Build => {
                let Some(query) = self.query(target) else {
                    return;
                };
                self.result(build::parameters(&query, host));
            }
            Reads::ImageCreate => {
                let Some(query) = self.query(target) else {
                    return;
                };
                let form = HiddenForm::of(request);
                let pulls = !query.first("fromImage").is_empty();
                // A pull has no body at all; an import has one, which is only judged by its names.
                if pulls && form == HiddenForm::Possible {
                    self.problems.push(Problem::FormBody);
                }
                let is_sure = pulls || form == HiddenForm::None;
                self.call = Some(image::create(&query, is_sure));
            }
            Reads::ImageTag => {
                let query = self.query(target);
                self.call = query.map(|query| image::name("tags", &query));
            }
            Reads::Commit => {
                let query = self.query(target);
                self.call = query.map(|query| image::name("commits", &query));
            }
            Reads::Plugin(verb) => {
                let query = self.query(target);
                let path = route.variable(&target.path);
                self.call = query.map(|query| plugin::change(verb, path, &query));
            }
        }
    }

    /// Whether it only reads, or goes nowhere: such calls are logged only when asked for.
    #[must_use]
    pub fn is_read(&self) -> bool {
        let changes = |call: &Call| call.unknown_route().is_some();
        match self.route {
            Some(route) => self.call.is_some() && route.class == Class::Read,
            None => self.call.as_ref().is_some_and(|call| !changes(call)),
        }
    }

    /// The query of a call that is read by it.
    fn query(&mut self, target: &Target) -> Option<Query> {
        match target.query() {
            Ok(query) => Some(query),
            Err(error) => {
                self.problems.push(Problem::Target(error));
                None
            }
        }
    }

    /// Reads the body of a call that has to have one.
    fn body(&mut self, body: &Body, read: impl FnOnce(&[u8]) -> Read) {
        match body {
            Body::Absent => self.problems.push(Problem::MissingBody),
            Body::Bytes(body) => self.result(read(body)),
        }
    }

    fn result(&mut self, read: Read) {
        match read {
            Ok((call, notes)) => {
                self.call = Some(call);
                self.problems
                    .extend(notes.into_iter().filter_map(|note| match note {
                        Note::OddSpelling { path, right } => {
                            Some(Problem::OddSpelling { path, right })
                        }
                        Note::Misplaced { path } => Some(Problem::Misplaced(path)),
                        // These are findings of `unknown-field`, which has a mode.
                        Note::Unknown { .. } => None,
                    }));
            }
            Err(JsonError::Duplicate(path)) => self.problems.push(Problem::Duplicate(path)),
            Err(JsonError::Invalid(message)) => self.problems.push(Problem::Body(message)),
        }
    }
}
