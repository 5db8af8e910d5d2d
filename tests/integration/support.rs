use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::{Date, date};
use lockgate::docker::{Host, HostPath, HostSize};
use lockgate::policy::Policy;
use lockgate::protocol::{AUTHZ_REQ, CONTENT_TYPE};
use lockgate::server::{DecisionLog, Gate, LogTarget, bind};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything here may take before the test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The target of a container create.
pub(crate) const CREATE: &str = "/v1.41/containers/create?name=web";

/// A host that is what a test says it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FakeHost {
    /// Links and what they lead to.
    links: BTreeMap<HostPath, HostPath>,
    /// Paths on which a lookup fails.
    unresolvable: Vec<HostPath>,
    memory: Option<i64>,
    swap: Option<i64>,
    cpus: Option<i64>,
    /// Version of the cgroup hierarchy; 2 when it is not said.
    cgroups: Option<u8>,
    /// Whole ids of networks that the engine has told to be the Swarm's own.
    swarm_networks: Vec<String>,
    /// 2027-01-01 when it is not said.
    today: Option<String>,
}

impl Host for FakeHost {
    fn resolve(&self, path: &HostPath) -> Result<HostPath, String> {
        let mut path = path.clone();
        for _ in 0..=self.links.len() {
            if self.unresolvable.iter().any(|hung| path.is_within(hung)) {
                return Err("it does not answer".to_owned());
            }
            let Some((link, target)) = self.links.iter().find(|(link, _)| path.is_within(link))
            else {
                return Ok(path);
            };
            path = path
                .segments()
                .skip(link.segments().count())
                .fold(target.clone(), |whole, segment| whole.join(segment));
        }
        Err("links in a circle".to_owned())
    }

    fn today(&self) -> Date {
        self.today
            .as_ref()
            .map_or(date(2027, 1, 1), |day| day.parse().unwrap())
    }

    fn size(&self) -> HostSize {
        HostSize {
            memory: self.memory,
            swap: self.swap,
            cpus: self.cpus,
        }
    }

    fn has_unified_cgroups(&self) -> bool {
        self.cgroups != Some(1)
    }

    fn is_swarm_network(&self, id: &str) -> bool {
        self.swarm_networks.iter().any(|known| known == id)
    }
}

/// A policy over the preset `default`.
pub(crate) fn policy(text: &str) -> Policy {
    Policy::parse("policy.toml", text, false, &FakeHost::default()).unwrap()
}

/// The body of a container that breaks no rule of the preset `default`, audited ones included.
pub(crate) fn hardened() -> Value {
    json!({
        "Image": "alpine:3.20",
        "User": "1000:1000",
        "HostConfig": {
            "NetworkMode": "none",
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "Memory": 64 << 20,
            "MemorySwap": 64 << 20,
            "NanoCpus": 10_000_000,
            "PidsLimit": 64,
            "ReadonlyRootfs": true,
        },
    })
}

/// The hardened body with one field of `HostConfig` more, or another.
pub(crate) fn hardened_with(field: &str, value: Value) -> Value {
    let mut body = hardened();
    body["HostConfig"][field] = value;
    body
}

/// An envelope as dockerd writes it.
pub(crate) fn envelope(method: &str, uri: &str, body: Option<&[u8]>) -> Vec<u8> {
    envelope_of(method, uri, body, None, &BTreeMap::new())
}

pub(crate) fn envelope_of(
    method: &str,
    uri: &str,
    body: Option<&[u8]>,
    user: Option<&str>,
    headers: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut envelope = json!({"RequestMethod": method, "RequestUri": uri});
    // moby pkg/authorization/api.go: every field is `omitempty`.
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        envelope["RequestBody"] = STANDARD.encode(body).into();
    }
    if let Some(user) = user {
        envelope["User"] = user.into();
        envelope["UserAuthNMethod"] = "TLS".into();
    }
    if !headers.is_empty() {
        envelope["RequestHeaders"] = json!(headers);
    }
    envelope.to_string().into_bytes()
}

/// An envelope of a container create.
pub(crate) fn create(body: &Value) -> Vec<u8> {
    envelope("POST", CREATE, Some(body.to_string().as_bytes()))
}

/// The ids at the start of the lines of a refusal, each once.
pub(crate) fn ids_in(message: &str) -> Vec<&str> {
    let mut ids: Vec<&str> = message
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split_once(": "))
        .map(|(id, _)| id)
        .collect();
    ids.dedup();
    ids
}

/// Whether no character of `text` moves a terminal's cursor or turns the direction of writing.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.chars().any(|char| {
        char.is_control()
            || matches!(char, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A short path: sockets below it must fit into 107 bytes.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("lockgate-")
        .tempdir_in("/tmp")
        .unwrap()
}

// === Answers ===

/// The only fields that an answer may have: an `Err` would fail to be read.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Reply {
    pub(crate) allow: bool,
    #[serde(default)]
    pub(crate) msg: String,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The reply in it, which has to come with status 200 and the media type of plugins.
    pub(crate) fn reply(&self) -> Reply {
        assert_eq!(self.status, 200, "{self:?}");
        assert!(
            self.head
                .to_ascii_lowercase()
                .contains(&format!("content-type: {CONTENT_TYPE}\r\n")),
            "{self:?}"
        );
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// One connection to a gate, byte by byte.
pub(crate) struct Connection {
    stream: BufReader<UnixStream>,
}

impl Connection {
    pub(crate) fn open(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Asks as dockerd 20.10 does: no content type, and an empty host.
    pub(crate) fn ask(&mut self, path: &str, body: &[u8]) -> Answer {
        self.send(&head(path, "", body.len()));
        self.send(body);
        self.receive()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        match self.stream.get_mut().write_all(bytes) {
            // The gate may answer, and hang up, before it has read all of what is too long.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            sent => sent.unwrap(),
        }
    }

    pub(crate) fn receive(&mut self) -> Answer {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.stream.read_line(&mut head).unwrap();
            assert_ne!(read, 0, "the connection ended after {head:?}");
        }
        let length = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.parse().unwrap())
            .unwrap();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body,
        }
    }
}

/// The head of a request as dockerd 20.10 writes it.
pub(crate) fn head(path: &str, host: &str, length: usize) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Go-http-client/1.1\r\n\
         Content-Length: {length}\r\nAccept: {CONTENT_TYPE}\r\n\r\n"
    )
    .into_bytes()
}

/// Asks the gate at `socket` once.
pub(crate) fn ask(socket: &Path, envelope: &[u8]) -> Reply {
    Connection::open(socket).ask(AUTHZ_REQ, envelope).reply()
}

// === A gate in this process ===

/// The library's router, served from this process.
pub(crate) struct Router {
    runtime: Option<tokio::runtime::Runtime>,
    pub(crate) folder: TempDir,
    pub(crate) socket: PathBuf,
}

impl Router {
    pub(crate) fn start(policy: Policy, host: impl Host + Send + 'static) -> Self {
        let folder = folder();
        let socket = folder.path().join("gate.sock");
        let log = DecisionLog::open(LogTarget::File(folder.path().join("decisions.log"))).unwrap();
        let gate = Arc::new(Gate::new(policy, Arc::new(host), log, true));
        // As `serve` makes it.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(32)
            .enable_all()
            .build()
            .unwrap();
        let its_socket = socket.clone();
        let listener = runtime.block_on(async move { bind(&its_socket).unwrap() });
        runtime.spawn(axum::serve(listener, gate.router()).into_future());
        Self {
            runtime: Some(runtime),
            folder,
            socket,
        }
    }

    /// The decisions so far, when there are `count` of them.
    pub(crate) fn decisions(&self, count: usize) -> Vec<Value> {
        decisions(&self.folder.path().join("decisions.log"), count)
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // Without waiting: a decision may hang on purpose.
        self.runtime.take().unwrap().shutdown_background();
    }
}

/// The lines of a decision log, when there are `count` of them.
pub(crate) fn decisions(file: &Path, count: usize) -> Vec<Value> {
    let mut lines = Vec::new();
    wait_until("the decisions are logged", || {
        // The log is written by a thread of its own, which may not have begun or be in the middle.
        let text = fs::read_to_string(file).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        lines = whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines.len() >= count
    });
    assert_eq!(lines.len(), count, "{lines:#?}");
    lines
}

// === The program ===

/// The program, with nothing of this process's environment.
pub(crate) fn lockgate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// `lockgate serve`, about to be started with a folder of its own.
pub(crate) struct Serve {
    folder: TempDir,
    command: Command,
    notify: UnixDatagram,
}

impl Serve {
    /// With a policy, and socket and log in the folder.
    pub(crate) fn new(policy: &str) -> Self {
        let serve = Self::with_policy(policy);
        let (socket, log) = (serve.at("gate.sock"), serve.at("decisions.log"));
        serve.option("--socket", socket).option("--log", log)
    }

    /// With a policy, which is in the folder.
    pub(crate) fn with_policy(policy: &str) -> Self {
        let serve = Self::bare();
        let file = serve.at("policy.toml");
        fs::write(&file, policy).unwrap();
        serve.option("--policy", file)
    }

    /// Without any option; systemd, to which it talks, is this process.
    pub(crate) fn bare() -> Self {
        let mut command = lockgate();
        command.arg("serve");
        Self::through(command)
    }

    /// By a command that starts it.
    pub(crate) fn through(mut command: Command) -> Self {
        let folder = folder();
        let notify = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        notify.set_read_timeout(Some(PATIENCE)).unwrap();
        command
            .env("NOTIFY_SOCKET", folder.path().join("notify"))
            .stdout(File::create(folder.path().join("stdout")).unwrap())
            .stderr(File::create(folder.path().join("stderr")).unwrap());
        Self {
            folder,
            command,
            notify,
        }
    }

    pub(crate) fn option(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.arg(name).arg(value);
        self
    }

    pub(crate) fn flag(mut self, name: &str) -> Self {
        self.command.arg(name);
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it and waits until it says that it is ready.
    pub(crate) fn start(self) -> Served {
        let served = self.spawn();
        assert_eq!(served.told(), "READY=1", "{}", served.stderr());
        served
    }

    pub(crate) fn spawn(mut self) -> Served {
        Served {
            child: Running(self.command.spawn().unwrap()),
            folder: self.folder,
            notify: self.notify,
        }
    }

    /// Starts it where it cannot start; gives how it ended, what it said, and its folder.
    pub(crate) fn fail(self) -> (Option<i32>, String, TempDir) {
        let Served {
            mut child, folder, ..
        } = self.spawn();
        let code = wait_for(&mut child.0).code();
        let stderr = fs::read_to_string(folder.path().join("stderr")).unwrap();
        (code, stderr, folder)
    }
}

/// `lockgate serve`, running.
pub(crate) struct Served {
    child: Running,
    pub(crate) folder: TempDir,
    notify: UnixDatagram,
}

impl Served {
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.at("gate.sock")
    }

    pub(crate) fn ask(&self, envelope: &[u8]) -> Reply {
        ask(&self.socket(), envelope)
    }

    pub(crate) fn decisions(&self, count: usize) -> Vec<Value> {
        decisions(&self.at("decisions.log"), count)
    }

    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.at("stderr")).unwrap()
    }

    /// The next thing that it tells systemd.
    pub(crate) fn told(&self) -> String {
        let mut text = [0; 4096];
        let length = loop {
            match self.notify.recv(&mut text) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("nothing was told ({error}); stderr: {}", self.stderr()),
                Ok(length) => break length,
            }
        };
        String::from_utf8_lossy(&text[..length]).trim().to_owned()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.0.id();
        let kill = format!("kill -{name} {id}");
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Reloads and gives what systemd is told at the end of it.
    pub(crate) fn reload(&self) -> String {
        self.signal("HUP");
        let begun = self.told();
        assert!(
            begun.starts_with("RELOADING=1\nMONOTONIC_USEC="),
            "{begun:?}"
        );
        let ended = self.told();
        assert!(ended.ends_with("\nREADY=1"), "{ended:?}");
        ended
    }

    /// Asks it to end, which has to succeed.
    pub(crate) fn stop(mut self) -> TempDir {
        self.signal("TERM");
        assert_eq!(self.end(), Some(0), "{}", self.stderr());
        self.folder
    }

    /// Waits for its end and gives its exit code.
    pub(crate) fn end(&mut self) -> Option<i32> {
        wait_for(&mut self.child.0).code()
    }
}

/// A program that does not outlive its test.
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(child: &mut Child) -> ExitStatus {
    let mut status = None;
    wait_until("the program ends", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

/// A folder on which every look hangs: a file system in user space whose program never answers.
pub(crate) struct HungFolder {
    path: PathBuf,
    program: Running,
}

impl HungFolder {
    pub(crate) fn mount(path: PathBuf) -> Self {
        const MOUNT: &str = "exec 3<>/dev/fuse &&
            mount -i -t fuse hung \"$0\" -o fd=3,rootmode=40000,user_id=0,group_id=0 &&
            exec sleep 120";
        fs::create_dir(&path).unwrap();
        let mut program = Running(
            Command::new("sh")
                .args(["-c", MOUNT])
                .arg(&path)
                .spawn()
                .unwrap(),
        );
        let mounted = path.to_str().unwrap().to_owned();
        wait_until("the folder hangs", || {
            assert!(
                program.0.try_wait().unwrap().is_none(),
                "no file system could be mounted with /dev/fuse; see above"
            );
            fs::read_to_string("/proc/mounts")
                .unwrap()
                .contains(&mounted)
        });
        Self { path, program }
    }
}

impl Drop for HungFolder {
    fn drop(&mut self) {
        // Without its program every look fails, and whoever waits goes on.
        let _ = self.program.0.kill();
        let _ = self.program.0.wait();
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
