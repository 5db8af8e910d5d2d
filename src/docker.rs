//! What dockerd would do with a request: the route it takes, the body as Go reads it, and the views
//! that rules look at.
//!
//! Facts about dockerd stand beside the code that leans on them, as `// moby FILE: FACT`.

mod capability;
mod confinement;
mod container;
mod fields;
mod host;
mod image;
mod json;
mod mount;
mod path;
mod route;
mod volume;

pub use capability::Capability;
pub(crate) use capability::DEFAULT as DEFAULT_CAPABILITIES;
pub(crate) use confinement::sha256;
pub use confinement::{Confinement, Seccomp};
pub use container::{
    Capabilities, ContainerCreate, Device, DeviceRequest, Devices, Limits, Namespace,
    NamespaceKind, NamespaceMode, Oom, Port, Ports, Runtime, Setting, SystemPaths, Tmpfs, User,
};
pub use fields::{HARMLESS, Harmless};
pub use host::{Host, HostSize, PlainHost};
pub use image::ImageRef;
pub use mount::{Mount, MountSource};
pub use path::{HostFile, HostPath, HostPathError};
pub use route::{ApiVersion, Class, ROUTES, Route, Target, TargetError};
pub use volume::VolumeCreate;

use thiserror::Error;

use crate::protocol::{AuthzRequest, Body};
use json::{JsonError, Note};

/// One API request, read.
///
/// A new kind of call is sorted in here, in [`Call::read`] and in the views below; every rule then
/// covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Makes a container.
    ContainerCreate(Box<ContainerCreate>),
    /// Makes a volume, which containers then mount by its name.
    VolumeCreate(Box<VolumeCreate>),
    /// A route that no rule looks into: it reads, or is not judged yet.
    Passed(&'static Route),
    /// No route of any known engine; dockerd answers 404.
    Unrouted,
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
            Self::Body(_) => "send one JSON object with the fields and types of the Docker API",
            Self::Duplicate(_) => "give each field once",
            Self::OddSpelling { .. } => "spell it as the Docker API does",
            Self::Misplaced(_) => "move it into `HostConfig`",
            Self::Gate(_) => "send it again; if it stays, tell the operator of this host",
        }
    }
}

impl Call {
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
        let Some(route) = target.route(&request.request_method) else {
            return Reading {
                route: None,
                call: Some(Self::Unrouted),
                problems: Vec::new(),
            };
        };
        let mut reading = Reading {
            route: Some(route),
            call: None,
            problems: Vec::new(),
        };
        match route.pattern {
            route::CONTAINER_CREATE => {
                let name = match target.query_value("name") {
                    Ok(name) => name,
                    Err(error) => {
                        reading.problems.push(Problem::Target(error));
                        None
                    }
                };
                reading.body(&request.request_body, |body| {
                    ContainerCreate::read(body, name, target.version.as_ref(), host)
                        .map(|(create, notes)| (Self::ContainerCreate(Box::new(create)), notes))
                });
            }
            route::VOLUME_CREATE => reading.body(&request.request_body, |body| {
                VolumeCreate::read(body, host)
                    .map(|(create, notes)| (Self::VolumeCreate(Box::new(create)), notes))
            }),
            _ => reading.call = Some(Self::Passed(route)),
        }
        reading
    }
}

impl Reading {
    /// Reads the body of a call that has to have one.
    fn body(
        &mut self,
        body: &Body,
        read: impl FnOnce(&[u8]) -> Result<(Call, Vec<Note>), JsonError>,
    ) {
        let Body::Bytes(body) = body else {
            self.problems.push(Problem::MissingBody);
            return;
        };
        match read(body) {
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

/// Declares a view: for each kind of call, what rules of one kind get to see.
///
/// `of containers and volumes` says which kinds have it.
macro_rules! views {
    ($($(#[$doc:meta])* $name:ident -> $type:ty, of $($kind:ident)and+;)+) => {
        /// The views. `None` says that this kind of call has no such thing.
        impl Call {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Option<&$type> {
                views!(@match self $name $($kind)+)
            }
        )+}
    };
    (@match $self:ident $name:ident containers) => {
        match $self {
            Self::ContainerCreate(create) => Some(&create.$name),
            Self::VolumeCreate(_) | Self::Passed(_) | Self::Unrouted => None,
        }
    };
    (@match $self:ident $name:ident containers volumes) => {
        match $self {
            Self::ContainerCreate(create) => Some(&create.$name),
            Self::VolumeCreate(create) => Some(&create.$name),
            Self::Passed(_) | Self::Unrouted => None,
        }
    };
}

views! {
    /// Whether every protection is switched off at once.
    privileged -> bool, of containers;
    /// The image.
    image -> ImageRef, of containers;
    /// Capabilities added and dropped.
    capabilities -> Capabilities, of containers;
    /// The settings that choose namespaces, networks included.
    namespaces -> Vec<Namespace>, of containers;
    /// Parent cgroups that were chosen.
    cgroup_parents -> Vec<Setting>, of containers;
    /// Limits of memory, processors, processes and storage.
    limits -> Limits, of containers;
    /// Whether the root file system is read-only.
    read_only_root -> bool, of containers;
    /// Everything that is mounted into the container, or behind the volume.
    mounts -> Vec<Mount>, of containers and volumes;
    /// Devices of the host.
    devices -> Devices, of containers;
    /// seccomp, AppArmor, SELinux, `no_new_privs`.
    confinement -> Confinement, of containers;
    /// Hidden and read-only system paths.
    system_paths -> SystemPaths, of containers;
    /// File systems in memory.
    tmpfs -> Vec<Tmpfs>, of containers;
    /// The user and the groups of the processes.
    user -> User, of containers;
    /// Ports published on the host.
    ports -> Ports, of containers;
    /// The log driver; empty for the daemon's own.
    log_driver -> String, of containers;
    /// Names of kernel settings.
    sysctls -> Vec<String>, of containers;
    /// What happens when memory runs out.
    oom -> Oom, of containers;
    /// What runs the container.
    runtime -> Runtime, of containers;
    /// Fields that are set and that lockgate does not know.
    unknown_fields -> Vec<String>, of containers and volumes;
}

impl Call {
    /// The name that the container is to have, for the log.
    #[must_use]
    pub fn container_name(&self) -> Option<&str> {
        match self {
            Self::ContainerCreate(create) => create.name.as_deref(),
            Self::VolumeCreate(_) | Self::Passed(_) | Self::Unrouted => None,
        }
    }

    /// What it would make, in a word.
    #[must_use]
    pub fn noun(&self) -> &'static str {
        match self {
            Self::ContainerCreate(_) => "container",
            Self::VolumeCreate(_) => "volume",
            Self::Passed(_) | Self::Unrouted => "request",
        }
    }

    /// Whether it only reads, or goes nowhere: such calls are logged only when asked for.
    #[must_use]
    pub fn is_read(&self) -> bool {
        match self {
            Self::ContainerCreate(_) | Self::VolumeCreate(_) => false,
            Self::Passed(route) => match route.class {
                Class::Read => true,
                Class::Lifecycle | Class::Change | Class::Host => false,
            },
            Self::Unrouted => true,
        }
    }
}
