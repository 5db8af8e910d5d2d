//! A dockerd with lockgate before it, gone again at the end of the test.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The image that every container runs.
pub(crate) const IMAGE: &str = "lockgate/busybox";

/// How long anything here may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Debian release, whose Docker a test uses; `scripts/engines` makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Docker 20.10.
    Bookworm,
    /// Docker 26.1.
    Trixie,
    /// The newest Docker in Debian: 28.5.
    Sid,
}

impl Engine {
    pub(crate) const ALL: [Self; 3] = [Self::Bookworm, Self::Trixie, Self::Sid];

    pub(crate) fn name(self) -> &'static str {
        self.pick(["bookworm", "trixie", "sid"])
    }

    /// What belongs to this one of what is said of bookworm, trixie and sid.
    pub(crate) fn pick<T>(self, [bookworm, trixie, sid]: [T; 3]) -> T {
        match self {
            Self::Bookworm => bookworm,
            Self::Trixie => trixie,
            Self::Sid => sid,
        }
    }

    /// The directory that holds the whole system.
    fn root(self) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(target)
            .join("engines")
            .join(self.name());
        assert!(
            root.is_dir(),
            "{} is missing: run scripts/engines",
            root.display()
        );
        root
    }

    /// A command, still to be added, that runs in this system and sees the folder.
    pub(crate) fn command(self, folder: &Path) -> Command {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/engines");
        let mut command = Command::new(script);
        command
            .args(["run", self.name()])
            .arg(folder)
            .stdin(Stdio::null());
        command
    }
}

/// Makes each of the functions a test on each engine, with the name `FILE::ENGINE::FUNCTION`.
macro_rules! on_each_engine {
    ($($test:ident),+ $(,)?) => {
        $crate::support::on_each_engine! { @ bookworm Bookworm $($test)+ }
        $crate::support::on_each_engine! { @ trixie Trixie $($test)+ }
        $crate::support::on_each_engine! { @ sid Sid $($test)+ }
    };
    (@ $module:ident $engine:ident $($test:ident)+) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::$test($crate::support::Engine::$engine);
                }
            )+
        }
    };
}
pub(crate) use on_each_engine;

/// A gate of this build, on a socket of its own.
pub(crate) struct Gate {
    process: Child,
}

impl Gate {
    /// Starts `lockgate serve` and waits for its socket.
    pub(crate) fn start(folder: &Path, socket: &Path, policy: &str, audit: bool) -> Self {
        let file = folder.join("policy.toml");
        fs::write(&file, policy).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate"));
        command
            .arg("serve")
            .args(["--policy".as_ref(), file.as_os_str()])
            .args(["--socket".as_ref(), socket.as_os_str()])
            .args(["--log".as_ref(), folder.join("decisions.log").as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("gate.log")).unwrap());
        if audit {
            command.arg("--audit");
        }
        let gate = Self {
            process: command.spawn().unwrap(),
        };
        wait_until("the gate listens", || UnixStream::connect(socket).is_ok());
        gate
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A private dockerd; `scripts/dockerd run` ends it when its standard input is closed.
pub(crate) struct Daemon {
    keeper: Child,
    pub(crate) folder: PathBuf,
}

impl Daemon {
    pub(crate) fn start(engine: Engine, folder: &Path, arguments: &[&str]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/dockerd");
        let mut keeper = Command::new(script)
            .env("DOCKERD_ROOT", engine.root())
            .arg("run")
            .arg(folder)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n", "dockerd did not start; see above");
        let daemon = Self {
            keeper,
            folder: folder.to_owned(),
        };
        let image = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/image"))
            .arg(IMAGE)
            .env("DOCKER_HOST", daemon.host())
            .output()
            .unwrap();
        assert!(image.status.success(), "{image:?}");
        daemon
    }

    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("docker.sock")
    }

    /// Runs the docker client.
    pub(crate) fn docker(&self, arguments: &[&str]) -> Output {
        docker(&["-H", &self.host()], arguments)
    }

    /// Sends raw bytes to the API and gives status and body of the answer.
    pub(crate) fn raw(&self, request: &[u8]) -> (u16, String) {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // dockerd may answer, and close, before it has read all of a long body.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_else(|| panic!("no status in {answer:?}"));
        (status, answer)
    }

    /// How many containers there are, running or not.
    pub(crate) fn containers(&self) -> usize {
        let list = self.docker(&["ps", "--all", "--quiet"]);
        assert!(list.status.success(), "{list:?}");
        text(&list.stdout).lines().count()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().unwrap();
    }
}

/// A dockerd behind a gate.
pub(crate) struct Gated {
    // In this order: the daemon still asks the gate while it stops.
    pub(crate) daemon: Daemon,
    pub(crate) gate: Gate,
    pub(crate) folder: TempDir,
}

impl Gated {
    pub(crate) fn start(engine: Engine, policy: &str, audit: bool, arguments: &[&str]) -> Self {
        Self::start_in(engine, folder(), policy, audit, arguments)
    }

    pub(crate) fn start_in(
        engine: Engine,
        folder: TempDir,
        policy: &str,
        audit: bool,
        arguments: &[&str],
    ) -> Self {
        let plugins = folder.path().join("plugins");
        fs::create_dir(&plugins).unwrap();
        let gate = Gate::start(folder.path(), &plugins.join("lockgate.sock"), policy, audit);
        let daemon = Daemon::start(engine, folder.path(), arguments);
        Self {
            daemon,
            gate,
            folder,
        }
    }

    /// Every decision so far, oldest first.
    pub(crate) fn decisions(&self) -> Vec<serde_json::Value> {
        fs::read_to_string(self.folder.path().join("decisions.log"))
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The decision on the container of that name.
    pub(crate) fn decision_on(&self, container: &str) -> serde_json::Value {
        let mut found = None;
        wait_until("the decision is logged", || {
            found = self
                .decisions()
                .into_iter()
                .find(|decision| decision["container"] == container);
            found.is_some()
        });
        found.unwrap()
    }
}

/// A short path: sockets below it must fit into 107 bytes.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("lockgate-")
        .tempdir_in("/tmp")
        .unwrap()
}

pub(crate) fn docker(connection: &[&str], arguments: &[&str]) -> Output {
    Command::new("docker")
        .args(connection)
        .args(arguments)
        // Neither contexts nor defaults of whoever runs the tests.
        .env_remove("DOCKER_HOST")
        .env_remove("DOCKER_CONTEXT")
        .env("DOCKER_CONFIG", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The rules that a refusal names, in its order, each once.
pub(crate) fn rules_in(message: &str) -> Vec<String> {
    assert!(
        message.contains("authorization denied by plugin lockgate: "),
        "not a refusal of the gate: {message}"
    );
    // The client prints the lines as they are; the raw API has them escaped.
    let message = message.replace("\\n", "\n");
    let mut rules: Vec<String> = message
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split_once(": "))
        .map(|(rule, _)| rule.to_owned())
        .collect();
    rules.dedup();
    rules
}

pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
