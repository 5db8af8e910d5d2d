//! The routes of the API, and how each is judged.

/// What a route can do, and so how it has to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Reads; changes nothing.
    Read,
    /// Reads what gives the host, the Swarm or the inside of a container away.
    HostRead,
    /// Starts, stops, removes what is there already.
    Lifecycle,
    /// Makes or changes content: containers' files, images, streams into a container.
    Change,
    /// Can make a container that is not hardened, or change the daemon itself.
    Host,
}

impl Class {
    /// The word for it in the table of routes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::HostRead => "host read",
            Self::Lifecycle => "lifecycle",
            Self::Change => "change",
            Self::Host => "host",
        }
    }
}

/// What lockgate reads of a request beside its target's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Nothing: no rule looks into it.
    Nothing,
    /// The body of a create, and `name`.
    ContainerCreate,
    /// Host settings in the body, and `checkpoint-dir`.
    ContainerStart,
    /// The body of an update.
    ContainerUpdate,
    /// The body of an exec.
    ExecCreate,
    /// The body of a checkpoint create.
    CheckpointCreate,
    /// `dir`.
    CheckpointDirectory,
    /// The body of a volume create.
    VolumeCreate,
    /// The body of a network create.
    NetworkCreate,
    /// The body of a connect, and the network in the path.
    NetworkConnect,
    /// The specification of a service, and `rollback`.
    Service,
    /// The parameters of a build.
    Build,
    /// Nothing: what a stream to the builder holds travels past the gate.
    BuildStream,
    /// The parameters of a pull or an import.
    ImageCreate,
    /// Nothing: the names stand in the archive.
    ImageLoad,
    /// The new name.
    ImageTag,
    /// The new name.
    Commit,
    /// The names of the plugin; with what is done to it.
    Plugin(&'static str),
    /// Nothing; with what is done to the Swarm.
    Swarm(&'static str),
    /// Nothing; with what is handed out.
    Secret(&'static str),
}

impl Reads {
    /// What it is, in words, for the table of routes; empty for nothing.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing | Self::Swarm(_) | Self::Secret(_) => "",
            Self::ContainerCreate => "body, `name`",
            Self::ContainerStart => "body, version, `checkpoint-dir`",
            Self::ContainerUpdate
            | Self::ExecCreate
            | Self::CheckpointCreate
            | Self::VolumeCreate
            | Self::NetworkCreate => "body",
            Self::CheckpointDirectory => "`dir`",
            Self::NetworkConnect => "body, network",
            Self::Service => "body, version, `rollback`",
            Self::Build => "every parameter",
            Self::BuildStream => "nothing: a stream follows",
            Self::ImageCreate => "`fromImage`, `repo`, `tag`",
            Self::ImageLoad => "nothing: an archive follows",
            Self::ImageTag | Self::Commit => "`repo`, `tag`",
            Self::Plugin(_) => "the plugin's names",
        }
    }
}

/// Whether dockerd takes parameters of the query from a form in the body, too.
// Go net/http Request.ParseForm: values of the body come before those of the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// It reads no form here.
    No,
    /// It does, and such a body never reaches a plugin.
    Overrides,
    /// It does, and a decision hangs on these parameters.
    Decides,
}

/// One row of the route table.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// Upper case; dockerd matches it exactly. `*` stands for every method.
    pub method: &'static str,
    /// Path without version; `{name:.*}` spans slashes, `{id}` does not.
    pub pattern: &'static str,
    /// How it is judged.
    pub class: Class,
    /// What is read of it.
    pub reads: Reads,
    /// Whether a form in the body counts.
    pub form: Form,
}

impl Route {
    const fn form(mut self) -> Self {
        self.form = Form::Overrides;
        self
    }

    const fn deciding_form(mut self) -> Self {
        self.form = Form::Decides;
        self
    }

    const fn reads(mut self, reads: Reads) -> Self {
        self.reads = reads;
        self
    }

    /// Whether dockerd takes parameters from a form in the body.
    #[must_use]
    pub fn takes_form(&self) -> bool {
        self.form != Form::No
    }

    /// The route that dockerd takes, if it has one.
    #[must_use]
    pub fn find(method: &str, path: &str) -> Option<&'static Self> {
        ROUTES.iter().find(|route| {
            (route.method == method || route.method == "*") && matches(route.pattern, path)
        })
    }

    /// What stands in `path` for the only variable of the pattern.
    pub(super) fn variable<'p>(&self, path: &'p str) -> &'p str {
        let (before, rest) = self.pattern.split_once('{').unwrap_or((self.pattern, ""));
        let after = rest.rsplit_once('}').map_or("", |(_, after)| after);
        path.strip_prefix(before)
            .and_then(|path| path.strip_suffix(after))
            .unwrap_or_default()
    }
}

impl std::fmt::Display for Route {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pattern = self.pattern.replace(":.*}", "}").replace(":.+}", "}");
        write!(formatter, "{} {pattern}", self.method)
    }
}

const fn route(method: &'static str, pattern: &'static str, class: Class) -> Route {
    Route {
        method,
        pattern,
        class,
        reads: Reads::Nothing,
        form: Form::No,
    }
}

/// Every route of the API, 1.12 to 1.56, in the order in which dockerd registers them: the first
/// that matches is taken, so `POST /containers/create/start` starts a container named `create`.
// moby 29.x daemon/server/router: checkpoint, container, image, system, volume, build, session,
// swarm, plugin, distribution, grpc, network, debug. 20.10 has the same order.
pub static ROUTES: &[Route] = &[
    route("GET", "/containers/{name:.*}/checkpoints", Class::Read)
        .reads(Reads::CheckpointDirectory),
    route("POST", "/containers/{name:.*}/checkpoints", Class::Host).reads(Reads::CheckpointCreate),
    route(
        "DELETE",
        "/containers/{name}/checkpoints/{checkpoint}",
        Class::Host,
    )
    .reads(Reads::CheckpointDirectory),
    route("HEAD", "/containers/{name:.*}/archive", Class::HostRead)
        .reads(Reads::Secret("tells of files in a container")),
    route("GET", "/containers/json", Class::Read),
    route("GET", "/containers/{name:.*}/export", Class::HostRead).reads(Reads::Secret(
        "hands out the whole file system of a container",
    )),
    route("GET", "/containers/{name:.*}/changes", Class::Read),
    route("GET", "/containers/{name:.*}/json", Class::Read),
    route("GET", "/containers/{name:.*}/top", Class::Read),
    route("GET", "/containers/{name:.*}/logs", Class::Read),
    route("GET", "/containers/{name:.*}/stats", Class::Read),
    // A GET that writes to the standard input of the container.
    route("GET", "/containers/{name:.*}/attach/ws", Class::HostRead).reads(Reads::Secret(
        "opens the input and output of a container, by a GET",
    )),
    route("GET", "/exec/{id:.*}/json", Class::Read),
    route("GET", "/containers/{name:.*}/archive", Class::HostRead)
        .reads(Reads::Secret("hands out files of a container")),
    route("POST", "/containers/create", Class::Host).reads(Reads::ContainerCreate),
    route("POST", "/containers/{name:.*}/kill", Class::Lifecycle).form(),
    route("POST", "/containers/{name:.*}/pause", Class::Lifecycle).form(),
    route("POST", "/containers/{name:.*}/unpause", Class::Lifecycle).form(),
    route("POST", "/containers/{name:.*}/restart", Class::Lifecycle).form(),
    // Takes host settings in its body below API 1.24.
    route("POST", "/containers/{name:.*}/start", Class::Host)
        .deciding_form()
        .reads(Reads::ContainerStart),
    route("POST", "/containers/{name:.*}/stop", Class::Lifecycle).form(),
    route("POST", "/containers/{name:.*}/wait", Class::Lifecycle).form(),
    route("POST", "/containers/{name:.*}/resize", Class::Lifecycle).form(),
    route("POST", "/containers/{name:.*}/attach", Class::Change).form(),
    // Up to 24, below API 1.24: reads files of the container.
    route("POST", "/containers/{name:.*}/copy", Class::HostRead)
        .reads(Reads::Secret("hands out files of a container")),
    route("POST", "/containers/{name:.*}/exec", Class::Host).reads(Reads::ExecCreate),
    route("POST", "/exec/{name:.*}/start", Class::Change),
    route("POST", "/exec/{name:.*}/resize", Class::Lifecycle).form(),
    route("POST", "/containers/{name:.*}/rename", Class::Lifecycle).form(),
    route("POST", "/containers/{name:.*}/update", Class::Host).reads(Reads::ContainerUpdate),
    route("POST", "/containers/prune", Class::Lifecycle).form(),
    route("POST", "/commit", Class::Change).reads(Reads::Commit),
    route("PUT", "/containers/{name:.*}/archive", Class::Change),
    route("DELETE", "/containers/{name:.*}", Class::Lifecycle),
    route("GET", "/images/json", Class::Read),
    route("GET", "/images/search", Class::Read),
    route("GET", "/images/get", Class::Read),
    route("GET", "/images/{name:.*}/get", Class::Read),
    route("GET", "/images/{name:.*}/history", Class::Read),
    route("GET", "/images/{name:.*}/json", Class::Read),
    route("GET", "/images/{name:.*}/attestations", Class::Read),
    route("POST", "/images/load", Class::Change).reads(Reads::ImageLoad),
    route("POST", "/images/create", Class::Change)
        .form()
        .reads(Reads::ImageCreate),
    route("POST", "/images/{name:.*}/push", Class::Change).form(),
    route("POST", "/images/{name:.*}/tag", Class::Change)
        .deciding_form()
        .reads(Reads::ImageTag),
    route("POST", "/images/prune", Class::Lifecycle).form(),
    route("DELETE", "/images/{name:.*}", Class::Lifecycle),
    route("OPTIONS", "/{anyroute:.*}", Class::Read),
    route("GET", "/_ping", Class::Read),
    route("HEAD", "/_ping", Class::Read),
    route("GET", "/events", Class::Read),
    route("GET", "/info", Class::Read),
    route("GET", "/version", Class::Read),
    route("GET", "/system/df", Class::Read),
    route("POST", "/auth", Class::Change),
    route("GET", "/volumes", Class::Read),
    route("GET", "/volumes/{name:.*}", Class::Read),
    route("POST", "/volumes/create", Class::Host).reads(Reads::VolumeCreate),
    route("POST", "/volumes/prune", Class::Lifecycle).form(),
    route("PUT", "/volumes/{name:.*}", Class::Change),
    route("DELETE", "/volumes/{name:.*}", Class::Lifecycle),
    route("POST", "/build", Class::Host)
        .form()
        .reads(Reads::Build),
    route("POST", "/build/prune", Class::Lifecycle).form(),
    route("POST", "/build/cancel", Class::Lifecycle).form(),
    route("POST", "/session", Class::Change).reads(Reads::BuildStream),
    route("POST", "/swarm/init", Class::Host)
        .reads(Reads::Swarm("makes this host the manager of a Swarm")),
    route("POST", "/swarm/join", Class::Host).reads(Reads::Swarm(
        "puts this host under the managers of another Swarm",
    )),
    route("POST", "/swarm/leave", Class::Host)
        .form()
        .reads(Reads::Swarm("takes this host out of its Swarm")),
    route("GET", "/swarm", Class::HostRead)
        .reads(Reads::Secret("hands out the Swarm's join tokens")),
    route("GET", "/swarm/unlockkey", Class::HostRead)
        .reads(Reads::Secret("hands out the key that unlocks the Swarm")),
    route("POST", "/swarm/update", Class::Host).reads(Reads::Swarm(
        "changes the settings or the tokens of the Swarm",
    )),
    route("POST", "/swarm/unlock", Class::Host).reads(Reads::Swarm("unlocks the Swarm")),
    route("GET", "/services", Class::Read),
    route("GET", "/services/{id}", Class::Read),
    route("POST", "/services/create", Class::Host).reads(Reads::Service),
    route("POST", "/services/{id}/update", Class::Host).reads(Reads::Service),
    route("DELETE", "/services/{id}", Class::Lifecycle),
    route("GET", "/services/{id}/logs", Class::Read),
    route("GET", "/nodes", Class::Read),
    route("GET", "/nodes/{id}", Class::Read),
    route("DELETE", "/nodes/{id}", Class::Host).reads(Reads::Swarm("removes a node of the Swarm")),
    route("POST", "/nodes/{id}/update", Class::Host).reads(Reads::Swarm(
        "changes the role or the availability of a node",
    )),
    route("GET", "/tasks", Class::Read),
    route("GET", "/tasks/{id}", Class::Read),
    route("GET", "/tasks/{id}/logs", Class::Read),
    route("GET", "/secrets", Class::Read),
    route("POST", "/secrets/create", Class::Change),
    route("DELETE", "/secrets/{id}", Class::Lifecycle),
    route("GET", "/secrets/{id}", Class::Read),
    route("POST", "/secrets/{id}/update", Class::Change),
    route("GET", "/configs", Class::HostRead)
        .reads(Reads::Secret("hands out the content of Swarm configs")),
    route("POST", "/configs/create", Class::Change),
    route("DELETE", "/configs/{id}", Class::Lifecycle),
    route("GET", "/configs/{id}", Class::HostRead)
        .reads(Reads::Secret("hands out the content of a Swarm config")),
    route("POST", "/configs/{id}/update", Class::Change),
    route("GET", "/plugins", Class::Read),
    route("GET", "/plugins/{name:.*}/json", Class::Read),
    route("GET", "/plugins/privileges", Class::Read),
    route("DELETE", "/plugins/{name:.*}", Class::Host).reads(Reads::Plugin("removes")),
    route("POST", "/plugins/{name:.*}/enable", Class::Host)
        .form()
        .reads(Reads::Plugin("enables")),
    route("POST", "/plugins/{name:.*}/disable", Class::Host)
        .form()
        .reads(Reads::Plugin("disables")),
    route("POST", "/plugins/pull", Class::Host).reads(Reads::Plugin("installs")),
    route("POST", "/plugins/{name:.*}/push", Class::Change).form(),
    route("POST", "/plugins/{name:.*}/upgrade", Class::Host).reads(Reads::Plugin("upgrades")),
    route("POST", "/plugins/{name:.*}/set", Class::Host)
        .reads(Reads::Plugin("changes the settings of")),
    route("POST", "/plugins/create", Class::Host)
        .form()
        .reads(Reads::Plugin("creates")),
    route("GET", "/distribution/{name:.*}/json", Class::Read),
    route("POST", "/grpc", Class::Host).reads(Reads::BuildStream),
    route("GET", "/networks", Class::Read),
    route("GET", "/networks/", Class::Read),
    route("GET", "/networks/{id:.+}", Class::Read),
    route("POST", "/networks/create", Class::Host).reads(Reads::NetworkCreate),
    route("POST", "/networks/{id:.*}/connect", Class::Change).reads(Reads::NetworkConnect),
    route("POST", "/networks/{id:.*}/disconnect", Class::Change),
    route("POST", "/networks/prune", Class::Lifecycle).form(),
    route("DELETE", "/networks/{id:.*}", Class::Lifecycle),
    // moby 20.10..28 api/server/server.go: any method; 29 and later: GET.
    route("*", "/debug/{name:.*}", Class::HostRead).reads(Reads::Secret(
        "hands out the memory and the profile of the daemon",
    )),
];

/// Whether `path` matches a pattern of gorilla/mux.
fn matches(pattern: &str, path: &str) -> bool {
    let Some((literal, rest)) = pattern.split_once('{') else {
        return pattern == path;
    };
    let Some(path) = path.strip_prefix(literal) else {
        return false;
    };
    let Some((name, rest)) = rest.split_once('}') else {
        return false;
    };
    let (least, spans) = match name.split_once(':') {
        Some((_, ".*")) => (0, true),
        Some((_, ".+")) => (1, true),
        _ => (1, false),
    };
    let longest = if spans {
        path.find('\n')
    } else {
        path.find('/')
    }
    .unwrap_or(path.len());
    path.char_indices()
        .map(|(at, _)| at)
        .chain([path.len()])
        .take_while(|at| *at <= longest)
        .filter(|at| *at >= least)
        .any(|at| path.get(at..).is_some_and(|path| matches(rest, path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::{Target, TargetError};

    fn found(method: &str, uri: &str) -> Option<String> {
        let target = Target::parse(uri).unwrap();
        Route::find(method, &target.path).map(ToString::to_string)
    }

    #[test]
    fn every_spelling_that_reaches_create_is_create() {
        for uri in [
            "/containers/create",
            "/v1.41/containers/create",
            "/v1.41/%63ontainers/create",
            "/v1.41/containers%2Fcreate",
            "/v1.41%2fcontainers%2fcreate",
            "/%76%31.41/containers/create",
            "/v1.41.0/containers/create",
            "/v1.41./containers/create",
            "/v01.41/containers/create",
            "http://evil/v1.41/containers/create",
            "http:///containers/create",
            "foo:/v1.41/containers/create",
            "foo://bar/v1.41/containers/create",
            "/containers/create?",
            "/containers/create?x=/auth",
            "/containers/create?name=a&name=b",
        ] {
            assert_eq!(
                found("POST", uri).as_deref(),
                Some("POST /containers/create"),
                "{uri}"
            );
        }
    }

    #[test]
    fn what_does_not_reach_create_is_something_else_or_an_error() {
        for uri in [
            "/containers/create/",
            "/Containers/create",
            "/containers/create;x",
            "/va/containers/create",
            "/v/containers/create",
        ] {
            assert_eq!(found("POST", uri), None, "{uri}");
        }
        assert_eq!(found("post", "/containers/create"), None);
        assert_eq!(
            found("POST", "/containers/create/start").as_deref(),
            Some("POST /containers/{name}/start")
        );
        assert_eq!(
            found("POST", "/images/create/push").as_deref(),
            Some("POST /images/{name}/push")
        );
        for (uri, error) in [
            ("//containers/create", TargetError::NotClean),
            ("/x/../containers/create", TargetError::NotClean),
            ("/x/%2e%2e/containers/create", TargetError::NotClean),
            ("/containers/./create", TargetError::NotClean),
            ("/containers/create/..", TargetError::NotClean),
            ("/containers/create#x", TargetError::Fragment),
            ("/v1.51/services/create?#%zz", TargetError::Fragment),
            ("/containers/%zz", TargetError::Escape),
            ("/containers/%4", TargetError::Escape),
            ("/containers/cr\u{e9}ate", TargetError::NotAscii),
            ("/containers/cr\u{fffd}ate", TargetError::NotAscii),
            ("/containers/create x", TargetError::NotAscii),
            ("containers/create", TargetError::Form),
            ("%2Fcontainers/create", TargetError::Form),
            ("1a:/containers/create", TargetError::Form),
            ("foo:containers/create", TargetError::Form),
            ("", TargetError::Form),
        ] {
            assert_eq!(Target::parse(uri), Err(error), "{uri}");
        }
    }

    #[test]
    fn wildcards_span_what_they_span_in_the_router() {
        assert!(matches("/images/{name:.*}/json", "/images/a/b/c/json"));
        assert!(matches("/images/{name:.*}/json", "/images//json"));
        assert!(!matches("/images/{name:.*}/json", "/images/a\nb/json"));
        assert!(matches("/services/{id}", "/services/a"));
        assert!(!matches("/services/{id}", "/services/"));
        assert!(!matches("/services/{id}", "/services/a/b"));
        assert!(matches(
            "/containers/{name}/checkpoints/{checkpoint}",
            "/containers/a/checkpoints/b"
        ));
        assert!(!matches("/networks/{id:.+}", "/networks/"));
    }

    #[test]
    fn no_row_of_the_table_stands_twice() {
        for (at, row) in ROUTES.iter().enumerate() {
            assert!(
                !ROUTES[at + 1..]
                    .iter()
                    .any(|other| other.method == row.method && other.pattern == row.pattern),
                "{row}"
            );
        }
    }
}
