//! A dockerd without a gate, and what the requests find there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Request, Response};
use crate::recorder::Recorder;

/// The image that every container is made of.
pub(crate) const IMAGE: &str = "lockgate/busybox";

/// A container that runs all the time.
pub(crate) const PEER: &str = "peer";

/// A container that was made and has `/etc` mounted.
pub(crate) const HOLDER: &str = "holder";

/// Networks of the bridge driver.
pub(crate) const NETWORK: &str = "own";
pub(crate) const OTHER_NETWORK: &str = "second";

/// A volume without options.
pub(crate) const VOLUME: &str = "plain";

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// A Debian release, whose Docker is used; `scripts/engines` makes them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release(pub(crate) &'static str);

impl Release {
    /// The directory that holds the whole system.
    fn root(self) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let root = Path::new(REPOSITORY)
            .join(target)
            .join("engines")
            .join(self.0);
        assert!(
            root.is_dir(),
            "{} is missing: run scripts/engines",
            root.display()
        );
        root
    }
}

/// What of a daemon the requests and the judge depend on.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// A directory that the daemon sees at the same path. It holds `own`, a directory; `link`, a
    /// link to /usr/share; `chain`, a link to `link`; and the daemon's socket.
    pub(crate) dir: String,
    /// Minor version of the oldest and newest API, since all are 1.x.
    pub(crate) api: (u32, u32),
    /// 20, 26, 28.
    pub(crate) major: u32,
    /// Bytes.
    pub(crate) memory: i64,
    pub(crate) swap: i64,
    pub(crate) cpus: i64,
    /// Ids of networks.
    pub(crate) host_network: String,
    pub(crate) own_network: String,
    /// What the daemon masks and makes read-only by itself.
    pub(crate) masked: Vec<String>,
    pub(crate) read_only: Vec<String>,
    /// A compliant container, as `GET /containers/ID/json` shows it.
    pub(crate) compliant: Value,
}

/// A running daemon.
pub(crate) struct Engine {
    pub(crate) release: Release,
    pub(crate) world: World,
    pub(crate) recorder: Recorder,
    socket: PathBuf,
    process: u32,
    real_paths: RefCell<HashMap<String, String>>,
    // In this order: the daemon ends before its folder goes.
    _keeper: Keeper,
    _folder: TempDir,
}

/// `scripts/dockerd run`, which ends the daemon when its standard input is closed.
struct Keeper(Child);

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Engine {
    /// Starts a daemon in a network namespace of its own, so that its bridges and its Swarm are
    /// nobody else's, with the recorder as its plugin.
    pub(crate) fn start(release: Release) -> Self {
        // A short path: sockets below it must fit into 107 bytes.
        let folder = tempfile::Builder::new()
            .prefix("lockgate-")
            .tempdir_in("/tmp")
            .unwrap();
        let dir = folder.path();
        fs::create_dir_all(dir.join("own/deep")).unwrap();
        fs::create_dir(dir.join("plugins")).unwrap();
        symlink("/usr/share", dir.join("link")).unwrap();
        symlink("link", dir.join("chain")).unwrap();
        let recorder = Recorder::start(&dir.join("plugins")).unwrap();

        let mut command = Command::new(format!("{REPOSITORY}/scripts/dockerd"));
        command
            .arg("run")
            .arg(dir)
            .args(["--plugin", "recorder", "--own-network", "--"])
            // In memory, since it waits for the disk with each container.
            .args(["--data-root", "/run/data"])
            // On cgroup version 1 the default is the host's, and a container that has it would not
            // show whether it was asked for.
            .args(["--default-cgroupns-mode", "private"])
            .env("DOCKERD_ROOT", release.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut keeper = Keeper(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(keeper.0.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n", "dockerd did not start; see above");
        let image = Command::new(format!("{REPOSITORY}/scripts/image"))
            .arg(IMAGE)
            .env(
                "DOCKER_HOST",
                format!("unix://{}/docker.sock", dir.display()),
            )
            .output()
            .unwrap();
        assert!(image.status.success(), "{image:?}");

        let process = fs::read_to_string(dir.join("dockerd.pid")).unwrap();
        let socket = dir.join("docker.sock");
        let mut engine = Self {
            release,
            world: World {
                dir: dir.to_str().unwrap().to_owned(),
                api: (0, 0),
                major: 0,
                memory: 0,
                swap: 0,
                cpus: 0,
                host_network: String::new(),
                own_network: String::new(),
                masked: Vec::new(),
                read_only: Vec::new(),
                compliant: Value::Null,
            },
            recorder,
            socket,
            process: process.split(' ').next().unwrap().parse().unwrap(),
            real_paths: RefCell::default(),
            _keeper: keeper,
            _folder: folder,
        };
        engine.furnish();
        engine
    }

    /// Makes what requests refer to, and learns what the daemon is like.
    fn furnish(&mut self) {
        let version = self.get("/version");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let number = text(&version["Version"]);
        let minor = |value: &Value| -> u32 {
            let (_, minor) = value.as_str().unwrap().split_once('.').unwrap();
            minor.parse().unwrap()
        };
        self.world.api = (
            minor(&version["MinAPIVersion"]),
            minor(&version["ApiVersion"]),
        );
        self.world.major = number.split('.').next().unwrap().parse().unwrap();
        let info = self.get("/info");
        self.world.memory = info["MemTotal"].as_i64().unwrap();
        self.world.swap = swap_of_this_machine();
        self.world.cpus = info["NCPU"].as_i64().unwrap();

        for name in [NETWORK, OTHER_NETWORK] {
            self.must(&Request::json(
                "POST",
                "/networks/create",
                &json!({"Name": name, "Driver": "bridge"}),
            ));
        }
        self.world.own_network = text(&self.get(&format!("/networks/{NETWORK}"))["Id"]);
        self.world.host_network = text(&self.get("/networks/host")["Id"]);
        self.must(&Request::json(
            "POST",
            "/volumes/create",
            &json!({"Name": VOLUME}),
        ));
        self.must(&Request::json(
            "POST",
            "/swarm/init",
            &json!({"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": "127.0.0.1"}),
        ));

        let mut hardened = crate::bodies::hardened();
        // The daemon waits for it when it ends.
        hardened["StopSignal"] = json!("SIGKILL");
        self.must(&Request::json(
            "POST",
            &format!("/containers/create?name={PEER}"),
            &hardened,
        ));
        self.must(&Request::new("POST", &format!("/containers/{PEER}/start")));
        self.world.compliant = self.get(&format!("/containers/{PEER}/json"));
        let list = |name: &str| -> Vec<String> {
            serde_json::from_value(self.world.compliant["HostConfig"][name].clone()).unwrap()
        };
        (self.world.masked, self.world.read_only) = (list("MaskedPaths"), list("ReadonlyPaths"));
        hardened["HostConfig"]["Binds"] = json!(["/etc:/x:ro"]);
        self.must(&Request::json(
            "POST",
            &format!("/containers/create?name={HOLDER}"),
            &hardened,
        ));
    }

    /// Sends a request; that there is no answer is a failure of the whole run.
    pub(crate) fn send(&self, request: &Request) -> Response {
        request
            .send(&self.socket)
            .unwrap_or_else(|error| panic!("{}: {error}\n{request}", self.release.0))
    }

    pub(crate) fn get(&self, target: &str) -> Value {
        self.send(&Request::new("GET", target)).json()
    }

    /// What is at a target; null when it is not there.
    pub(crate) fn find(&self, target: &str) -> Value {
        let response = self.send(&Request::new("GET", target));
        if response.is_success() {
            response.json()
        } else {
            Value::Null
        }
    }

    pub(crate) fn delete(&self, target: &str) -> Response {
        self.send(&Request::new("DELETE", target))
    }

    fn must(&self, request: &Request) {
        let response = self.send(request);
        assert!(response.is_success(), "{request}\n{response}");
    }

    /// A path of the daemon's file system with every link followed.
    pub(crate) fn real_path(&self, path: &str) -> String {
        if let Some(real) = self.real_paths.borrow().get(path) {
            return real.clone();
        }
        let output = Command::new("nsenter")
            .args(["--mount", "--target", &self.process.to_string()])
            .args(["realpath", "--canonicalize-missing", "--", path])
            .output()
            .unwrap();
        assert!(output.status.success(), "{path}: {output:?}");
        let real = String::from_utf8_lossy(&output.stdout);
        // A name may end in a space.
        let real = real.strip_suffix('\n').unwrap_or(&real).to_owned();
        self.real_paths
            .borrow_mut()
            .insert(path.to_owned(), real.clone());
        real
    }

    /// Where the daemon's file system can be reached from outside.
    pub(crate) fn root(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.process))
    }
}

/// In bytes.
fn swap_of_this_machine() -> i64 {
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap();
    let line = meminfo.lines().find(|line| line.starts_with("SwapTotal:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    kibibytes.unwrap().parse::<i64>().unwrap() * 1024
}
