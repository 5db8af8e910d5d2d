//! What is sent: cases of one or more requests, thrown by seed and number.

use std::process::Command;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::bodies;
use crate::dice::Dice;
use crate::draft::{Draft, Edit, Meant, content_type};
use crate::engine::{IMAGE, NETWORK, OTHER_NETWORK, PEER, World};
use crate::json::Json;
use crate::spelling;
use crate::values::Catalogue;

/// The name of the container, volume, network or service that a case is about.
pub(crate) const SUBJECT: &str = "case";

/// Stands in a query for the version of the service, which the daemon asks for.
pub(crate) const VERSION_OF_SERVICE: &str = "$VERSION";

/// What a request makes or changes, and so how that is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Road {
    ContainerCreate,
    ContainerUpdate,
    ContainerStart,
    ExecCreate,
    VolumeCreate,
    NetworkCreate,
    NetworkConnect,
    Build,
    ServiceCreate,
    ServiceUpdate,
    PluginCreate,
}

/// One request of a case.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) road: Road,
    base: Draft,
    pub(crate) edits: Vec<Edit>,
}

impl Step {
    fn new(road: Road, base: Draft, edits: Vec<Edit>) -> Self {
        Self { road, base, edits }
    }

    pub(crate) fn draft(&self) -> Draft {
        let mut draft = self.base.clone();
        for edit in &self.edits {
            edit.apply(&mut draft);
        }
        draft
    }

    /// Whether a client may well send it so.
    pub(crate) fn is_plain(&self) -> bool {
        // Without a version the gate has to expect the worst that any engine would make of it.
        let most = if self.base.version.is_empty() {
            Meant::Benign
        } else {
            Meant::Hostile
        };
        self.edits.iter().all(|edit| edit.meant <= most)
    }
}

/// How far a request goes from what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Only there for what follows: nothing is changed.
    Bare,
    /// As clients write.
    Plain,
    /// As somebody writes who looks for a way around.
    Wild,
}

pub(crate) struct Planner<'a> {
    world: &'a World,
    container: Rc<Catalogue>,
    start: Rc<Catalogue>,
    volume: Rc<Catalogue>,
    update: Rc<Catalogue>,
    exec: Rc<Catalogue>,
    network: Rc<Catalogue>,
    connect: Rc<Catalogue>,
    service: Rc<Catalogue>,
    build: Catalogue,
    /// A Dockerfile in a tar archive, whose only step starts a container and fails at once.
    build_context: Vec<u8>,
    /// A managed plugin in a tar archive. It is never enabled.
    plugin_files: Vec<u8>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self {
            world,
            container: Rc::new(Catalogue::container(world)),
            start: Rc::new(Catalogue::start(world)),
            volume: Rc::new(Catalogue::volume(world)),
            update: Rc::new(Catalogue::update(world)),
            exec: Rc::new(Catalogue::exec(world)),
            network: Rc::new(Catalogue::network(world)),
            connect: Rc::new(Catalogue::connect(world)),
            service: Rc::new(Catalogue::service(world)),
            build: Catalogue::build(world),
            build_context: archive(
                world,
                "Dockerfile",
                &format!("FROM {IMAGE}\nRUN [\"/nonexistent\"]\n"),
            ),
            plugin_files: archive(
                world,
                "config.json",
                &json!({"Interface": {"Types": [], "Socket": "x.sock"}}).to_string(),
            ),
        }
    }

    /// The case of that number.
    pub(crate) fn case(&self, seed: u64, number: u64) -> Vec<Step> {
        let dice = &mut Dice::of(seed, number);
        let manner = *dice.weighted(&[(35, Manner::Plain), (65, Manner::Wild)]);
        match *dice.weighted(&[
            (52, Road::ContainerCreate),
            (10, Road::VolumeCreate),
            (12, Road::ContainerUpdate),
            (4, Road::ContainerStart),
            (6, Road::ExecCreate),
            (4, Road::NetworkCreate),
            (3, Road::NetworkConnect),
            (1, Road::Build),
            (4, Road::ServiceCreate),
            (4, Road::ServiceUpdate),
            (1, Road::PluginCreate),
        ]) {
            Road::ContainerCreate => vec![self.container(dice, manner, &[])],
            Road::ContainerUpdate => {
                let first = *dice.weighted(&[(20, Manner::Plain), (80, Manner::Bare)]);
                let mut steps = vec![self.container(dice, first, &[])];
                if dice.percent(10) {
                    steps.push(self.plain_start(dice));
                }
                steps.push(self.update(dice, manner));
                steps
            }
            Road::ContainerStart => {
                // A program that is not there: everything is prepared, and nothing ever runs.
                let absent = ("Cmd", json!(["/nonexistent"]));
                vec![
                    self.container(dice, Manner::Bare, &[absent]),
                    self.start(dice, manner),
                ]
            }
            Road::ExecCreate => vec![self.exec(dice, manner)],
            Road::VolumeCreate => {
                let mut steps = vec![self.volume(dice, manner)];
                if dice.percent(50) {
                    let used = if dice.percent(50) {
                        ("HostConfig.Binds", json!([format!("{SUBJECT}:/v")]))
                    } else {
                        let mount = json!({"Type": "volume", "Source": SUBJECT, "Target": "/v"});
                        ("HostConfig.Mounts", json!([mount]))
                    };
                    steps.push(self.container(dice, Manner::Bare, &[used]));
                }
                steps
            }
            Road::NetworkCreate => {
                let mut steps = vec![self.network(dice, manner)];
                if dice.percent(50) {
                    let used = ("HostConfig.NetworkMode", json!(SUBJECT));
                    steps.push(self.container(dice, Manner::Bare, &[used]));
                }
                steps
            }
            Road::NetworkConnect => {
                let attached = ("HostConfig.NetworkMode", json!(NETWORK));
                vec![
                    self.container(dice, Manner::Bare, &[attached]),
                    self.connect(dice, manner),
                ]
            }
            Road::Build => vec![self.build(dice, manner)],
            Road::ServiceCreate => vec![self.service(dice, manner)],
            Road::ServiceUpdate => {
                let first = self.service(dice, Manner::Bare);
                vec![first, self.service_update(dice, manner)]
            }
            Road::PluginCreate => vec![self.plugin(dice, manner)],
        }
    }

    // === the roads ===

    fn container(&self, dice: &mut Dice, manner: Manner, with: &[(&str, Value)]) -> Step {
        let mut body = Json::from(match manner {
            Manner::Bare => bodies::hardened(),
            Manner::Plain | Manner::Wild => bodies::any(dice, self.world),
        });
        for (path, value) in with {
            let path: Vec<String> = path.split('.').map(ToOwned::to_owned).collect();
            body.set(&path, value.clone().into());
        }
        let version = self.version(dice, manner);
        let base = Draft::new(&version, "POST", "/containers/create", Some(body))
            .with_query(&format!("?name={SUBJECT}"));
        let edits = edits(dice, manner, &self.container);
        Step::new(Road::ContainerCreate, base, edits)
    }

    fn update(&self, dice: &mut Dice, manner: Manner) -> Step {
        let path = format!("/containers/{SUBJECT}/update");
        let bases = [
            json!({}),
            json!({"CpuShares": 512}),
            json!({"Memory": 33_554_432, "MemorySwap": 67_108_864}),
            json!({"NanoCpus": 250_000_000}),
            json!({"CpuPeriod": 100_000, "CpuQuota": 25_000}),
            json!({"RestartPolicy": {"Name": "always"}}),
        ];
        let body = dice.pick(&bases).clone();
        let base = self.draft(dice, manner, &path, body);
        Step::new(
            Road::ContainerUpdate,
            base,
            edits(dice, manner, &self.update),
        )
    }

    fn start(&self, dice: &mut Dice, manner: Manner) -> Step {
        let path = format!("/containers/{SUBJECT}/start");
        let host_config = bodies::any(dice, self.world)["HostConfig"].clone();
        let mut base = self.draft(dice, manner, &path, host_config);
        if dice.percent(70) {
            // These versions take host settings at a start.
            base.version = format!("/v1.{}", dice.between(12, 23));
        }
        Step::new(Road::ContainerStart, base, edits(dice, manner, &self.start))
    }

    fn plain_start(&self, dice: &mut Dice) -> Step {
        let version = self.version(dice, Manner::Plain);
        let path = format!("/containers/{SUBJECT}/start");
        Step::new(
            Road::ContainerStart,
            Draft::new(&version, "POST", &path, None),
            Vec::new(),
        )
    }

    fn exec(&self, dice: &mut Dice, manner: Manner) -> Step {
        let path = format!("/containers/{PEER}/exec");
        let body = json!({"Cmd": ["true"], "AttachStdout": true});
        let base = self.draft(dice, manner, &path, body);
        Step::new(Road::ExecCreate, base, edits(dice, manner, &self.exec))
    }

    fn volume(&self, dice: &mut Dice, manner: Manner) -> Step {
        let bodies = [
            json!({"Name": SUBJECT}),
            json!({"Name": SUBJECT, "Driver": "local", "DriverOpts": {}, "Labels": {}}),
        ];
        let body = dice.pick(&bodies).clone();
        let base = self.draft(dice, manner, "/volumes/create", body);
        Step::new(Road::VolumeCreate, base, edits(dice, manner, &self.volume))
    }

    fn network(&self, dice: &mut Dice, manner: Manner) -> Step {
        let body = json!({"Name": SUBJECT, "Driver": "bridge"});
        let base = self.draft(dice, manner, "/networks/create", body);
        Step::new(
            Road::NetworkCreate,
            base,
            edits(dice, manner, &self.network),
        )
    }

    fn connect(&self, dice: &mut Dice, manner: Manner) -> Step {
        let body = json!({"Container": SUBJECT, "EndpointConfig": {}});
        let host = &self.world.host_network;
        let network = match manner {
            Manner::Bare | Manner::Plain => OTHER_NETWORK,
            Manner::Wild => *dice.pick(&[OTHER_NETWORK, "host", host, &host[..12], "none"]),
        };
        let base = self.draft(dice, manner, &format!("/networks/{network}/connect"), body);
        Step::new(
            Road::NetworkConnect,
            base,
            edits(dice, manner, &self.connect),
        )
    }

    fn build(&self, dice: &mut Dice, manner: Manner) -> Step {
        let version = self.version(dice, manner);
        let context = Json::Raw(self.build_context.clone());
        let mut base = Draft::new(&version, "POST", "/build", Some(context))
            // Kept, so that they can be looked at.
            .with_query("?rm=0&forcerm=0&nocache=1");
        base.headers = vec![content_type("application/x-tar")];
        let mut edits = self.parameters(dice, manner);
        if manner == Manner::Wild && dice.percent(40) {
            edits.push(spelling::target(dice));
        }
        Step::new(Road::Build, base, edits)
    }

    /// The parameters of a bounded build, and some that are thrown.
    fn parameters(&self, dice: &mut Dice, manner: Manner) -> Vec<Edit> {
        let mut parameters: Vec<(String, String, Meant)> = [
            ("memory", "67108864"),
            ("memswap", "67108864"),
            ("cpuperiod", "100000"),
            ("cpuquota", "50000"),
            ("networkmode", "none"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned(), Meant::Benign))
        .to_vec();
        for _ in 0..dice.between(0, 2) {
            let meant = match manner {
                Manner::Bare | Manner::Plain => *dice.pick(&[Meant::Benign, Meant::Hostile]),
                Manner::Wild => *dice.pick(&[Meant::Hostile, Meant::Odd]),
            };
            let (path, value) = self.build.throw(dice, meant);
            let (name, value) = (path.join("."), value.as_str().unwrap_or_default());
            // Twice the same: which one counts is for the daemon to say.
            let twice = manner == Manner::Wild && dice.percent(20);
            if !twice {
                parameters.retain(|(other, ..)| *other != name);
            }
            let meant = if twice { Meant::Odd } else { meant };
            parameters.push((name, value.to_owned(), meant));
        }
        parameters
            .into_iter()
            .map(|(name, value, meant)| {
                let pair = format!("{name}={}", value.replace(' ', "+").replace('"', "%22"));
                Edit::new(
                    &format!("build {name}"),
                    pair.clone(),
                    meant,
                    move |draft| {
                        draft.query = format!("{}&{pair}", draft.query);
                    },
                )
            })
            .collect()
    }

    fn service(&self, dice: &mut Dice, manner: Manner) -> Step {
        let base = self.draft(dice, manner, "/services/create", bodies::service());
        Step::new(
            Road::ServiceCreate,
            base,
            edits(dice, manner, &self.service),
        )
    }

    fn service_update(&self, dice: &mut Dice, manner: Manner) -> Step {
        let path = format!("/services/{SUBJECT}/update");
        let base = self
            .draft(dice, manner, &path, bodies::service())
            .with_query(&format!("?version={VERSION_OF_SERVICE}"));
        Step::new(
            Road::ServiceUpdate,
            base,
            edits(dice, manner, &self.service),
        )
    }

    fn plugin(&self, dice: &mut Dice, manner: Manner) -> Step {
        let version = self.version(dice, manner);
        let files = Json::Raw(self.plugin_files.clone());
        let mut base = Draft::new(&version, "POST", "/plugins/create", Some(files))
            .with_query(&format!("?name={SUBJECT}"));
        base.headers = vec![content_type("application/x-tar")];
        let mut edits = Vec::new();
        if manner == Manner::Wild {
            edits.push(spelling::target(dice));
        }
        Step::new(Road::PluginCreate, base, edits)
    }

    fn draft(&self, dice: &mut Dice, manner: Manner, path: &str, body: Value) -> Draft {
        Draft::new(&self.version(dice, manner), "POST", path, Some(body.into()))
    }

    // === what is common to them ===

    fn version(&self, dice: &mut Dice, manner: Manner) -> String {
        let (least, most) = self.world.api;
        let newest = format!("/v1.{most}");
        match manner {
            Manner::Bare => newest,
            Manner::Plain if dice.percent(70) => newest,
            Manner::Plain if dice.percent(20) => String::new(),
            // Since 1.24 engines and clients agree on a version.
            Manner::Plain => format!("/v1.{}", dice.between(least.max(24), most)),
            Manner::Wild if dice.percent(60) => newest,
            Manner::Wild => format!("/v1.{}", dice.between(12, most + 1)),
        }
    }
}

/// Some changes of a body.
fn edits(dice: &mut Dice, manner: Manner, catalogue: &Rc<Catalogue>) -> Vec<Edit> {
    let mut edits = Vec::new();
    match manner {
        Manner::Bare => {}
        Manner::Plain => {
            for _ in 0..*dice.weighted(&[(10, 0), (50, 1), (25, 2), (15, 4)]) {
                let meant = *dice.weighted(&[(80, Meant::Benign), (20, Meant::Hostile)]);
                edits.push(catalogue.edit(dice, meant));
            }
        }
        Manner::Wild => {
            for _ in 0..*dice.weighted(&[(10, 0), (70, 1), (20, 2)]) {
                let meant =
                    *dice.weighted(&[(10, Meant::Benign), (50, Meant::Hostile), (40, Meant::Odd)]);
                edits.push(catalogue.edit(dice, meant));
            }
            for _ in 0..*dice.weighted(&[(15, 0), (60, 1), (20, 2), (5, 3)]) {
                edits.push(spelling::any(dice, catalogue));
            }
        }
    }
    edits
}

/// A tar archive with this file and a directory `rootfs`.
fn archive(world: &World, name: &str, content: &str) -> Vec<u8> {
    let folder = tempfile::tempdir_in(&world.dir).unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    std::fs::create_dir(folder.path().join("rootfs")).unwrap();
    let tar = Command::new("tar")
        .args(["--create", "--directory"])
        .arg(folder.path())
        .args([name, "rootfs"])
        .output()
        .unwrap();
    assert!(tar.status.success(), "{tar:?}");
    tar.stdout
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn with_planner<T>(look: impl Fn(&Planner<'_>) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        let id = "0123456789abcdef";
        let world = World {
            dir: folder.path().to_str().unwrap().to_owned(),
            api: (12, 41),
            major: 20,
            memory: 1 << 30,
            swap: 0,
            cpus: 2,
            host_network: id.to_owned(),
            own_network: id.chars().rev().collect(),
            masked: Vec::new(),
            read_only: Vec::new(),
            compliant: json!({"Config": {"Image": IMAGE}, "HostConfig": {"CapDrop": ["ALL"]}}),
        };
        look(&Planner::new(&world))
    }

    fn bytes(steps: &[Step]) -> Vec<Vec<u8>> {
        let requests = steps.iter().map(|step| step.draft().request());
        requests.map(|request| request.bytes()).collect()
    }

    #[test]
    fn a_case_is_its_seed_and_its_number() {
        with_planner(|planner| {
            let mut seen = BTreeSet::new();
            for number in 0..500 {
                let case = bytes(&planner.case(7, number));
                assert_eq!(case, bytes(&planner.case(7, number)));
                seen.insert(case);
            }
            // Some say the same, as any two clients might.
            assert!(seen.len() > 400, "{}", seen.len());
            assert_ne!(bytes(&planner.case(7, 1)), bytes(&planner.case(8, 1)));
        });
    }

    #[test]
    fn each_field_and_each_way_is_thrown_before_long() {
        with_planner(|planner| {
            let steps = (0..20_000).flat_map(|number| planner.case(1, number));
            let kinds: BTreeSet<String> = steps
                .flat_map(|step| step.edits)
                .map(|edit| edit.kind)
                .collect();
            for catalogue in [
                &planner.container,
                &planner.start,
                &planner.volume,
                &planner.update,
                &planner.exec,
                &planner.network,
                &planner.connect,
                &planner.service,
            ] {
                for field in &catalogue.fields {
                    let name = field.path.join(".");
                    assert!(kinds.contains(&name), "{name}");
                }
            }
            for kind in spelling::kinds() {
                assert!(kinds.contains(kind), "{kind}");
            }
        });
    }
}
