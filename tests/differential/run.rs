//! One case: sent to the daemon and to the gate, read back, judged.

use std::collections::BTreeSet;

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::engine::{Engine, VOLUME};
use crate::gate::{Answer, Gate};
use crate::http::{Request, Response};
use crate::judge::{Judge, Judgement, Surroundings};
use crate::plan::{Road, SUBJECT, Step, VERSION_OF_SERVICE};
use crate::truth;

/// What is wrong between the daemon and the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The daemon made something that breaks a rule, and the gate allowed it.
    Escape,
    /// A plain request made something compliant, and the gate refused it.
    FalseDenial,
    /// A container that the judge found compliant is not, now that it runs.
    Misjudged,
}

/// One request and what became of it.
pub(crate) struct Exchange {
    pub(crate) road: Road,
    pub(crate) request: Request,
    pub(crate) response: Response,
    /// What the daemon asked its plugin about the request. Nothing, where it never reached a
    /// handler; more than once, where the daemon asked again.
    pub(crate) envelopes: Vec<Bytes>,
    pub(crate) answers: Vec<Answer>,
    /// What the daemon shows of the thing; null where there is none.
    pub(crate) shown: Value,
    /// Whether the daemon made or changed something.
    pub(crate) made: bool,
    pub(crate) before: Judgement,
    pub(crate) after: Judgement,
    pub(crate) fault: Option<Fault>,
    /// What is wrong with the running container, where one was started.
    pub(crate) truth: Option<Vec<String>>,
}

impl Exchange {
    /// Whether the request would have gone on. One that the plugin is not asked about does.
    pub(crate) fn allowed(&self) -> bool {
        self.answers.iter().all(|answer| answer.allows)
    }

    fn fault_of(&self, step: &Step) -> Option<Fault> {
        if !self.made {
            return None;
        }
        let broken = self.after.broken_since(&self.before);
        if self.allowed() && !broken.is_empty() {
            return Some(Fault::Escape);
        }
        let accepted = self.response.is_success();
        let compliant = self.after.complies() && self.before.complies();
        (step.is_plain() && accepted && compliant && !self.allowed()).then_some(Fault::FalseDenial)
    }
}

impl Road {
    /// Where the thing can be seen that such a request changes.
    fn changes(self) -> Option<String> {
        match self {
            Self::ContainerUpdate | Self::ContainerStart | Self::NetworkConnect => {
                Some(format!("/containers/{SUBJECT}/json"))
            }
            Self::ServiceUpdate => Some(format!("/services/{SUBJECT}")),
            Self::ContainerCreate
            | Self::ExecCreate
            | Self::VolumeCreate
            | Self::NetworkCreate
            | Self::Build
            | Self::ServiceCreate
            | Self::PluginCreate => None,
        }
    }

    /// Where the thing can be seen that was made, and by what it is removed.
    fn makes(self, answer: &Value) -> Option<(String, String)> {
        let id = |field: &str| answer[field].as_str();
        let at = |kind: &str, id: &str, end: &str, query: &str| {
            Some((format!("/{kind}/{id}{end}"), format!("/{kind}/{id}{query}")))
        };
        match self {
            Self::ContainerCreate | Self::Build => {
                at("containers", id("Id")?, "/json", "?force=1&v=1")
            }
            // It goes with its container.
            Self::ExecCreate => Some((format!("/exec/{}/json", id("Id")?), String::new())),
            Self::VolumeCreate => at("volumes", id("Name")?, "", "?force=1"),
            Self::NetworkCreate => at("networks", id("Id")?, "", ""),
            Self::ServiceCreate => at("services", id("ID")?, "", ""),
            Self::PluginCreate => at("plugins", &format!("{SUBJECT}:latest"), "/json", "?force=1"),
            Self::ContainerUpdate
            | Self::ContainerStart
            | Self::NetworkConnect
            | Self::ServiceUpdate => None,
        }
    }
}

impl Surroundings for Engine {
    fn real_path(&self, path: &str) -> String {
        self.real_path(path)
    }

    fn volume(&self, name: &str) -> Value {
        self.find(&format!("/volumes/{name}"))
    }

    fn network(&self, name: &str) -> Value {
        if !is_name(name) {
            return Value::Null;
        }
        let local = self.find(&format!("/networks/{name}"));
        if local.is_null() {
            // Networks of the Swarm have other ids.
            self.find(&format!("/networks/{name}?scope=swarm"))
        } else {
            local
        }
    }
}

fn is_name(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

pub(crate) struct Runner<'a> {
    engine: &'a Engine,
    gate: &'a dyn Gate,
    judge: Judge<'a>,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(engine: &'a Engine, gate: &'a dyn Gate) -> Self {
        Self {
            engine,
            gate,
            judge: Judge::new(&engine.world, engine),
        }
    }

    /// The name of the Debian release.
    pub(crate) fn release(&self) -> &'static str {
        self.engine.release.0
    }

    /// The rules that can be found broken.
    pub(crate) fn rules(&self) -> BTreeSet<&'static str> {
        self.judge.rules()
    }

    /// Sends one request after the other, up to the first that the gate refuses: with the gate in
    /// place nothing after it would have been sent to the same things.
    pub(crate) fn run(&self, steps: &[Step], start: bool) -> Vec<Exchange> {
        let mut removals = Vec::new();
        let mut exchanges = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let mut exchange = self.send(step, &mut removals);
            exchange.fault = exchange.fault_of(step);
            let goes_on = |exchange: &Exchange| {
                exchange.made && exchange.allowed() && exchange.fault.is_none()
            };
            if start && goes_on(&exchange) && index + 1 == steps.len() {
                self.start(&mut exchange);
            }
            let ends = !goes_on(&exchange);
            exchanges.push(exchange);
            if ends {
                break;
            }
        }
        for target in removals.iter().rev() {
            let response = self.engine.delete(target);
            // A container may remove itself, and volumes without a name go with theirs.
            assert!(
                response.is_success() || response.status == 404,
                "DELETE {target}: {response}"
            );
        }
        exchanges
    }

    /// Sends one request to both, and looks at what came of it.
    fn send(&self, step: &Step, removals: &mut Vec<String>) -> Exchange {
        let (engine, road) = (self.engine, step.road);
        let mut draft = step.draft();
        let changes = road.changes();
        let mut before = Judgement::default();
        if let Some(target) = &changes {
            let shown = engine.get(target);
            before = self.judge(road, &shown);
            let version = shown["Version"]["Index"].to_string();
            draft.query = draft.query.replace(VERSION_OF_SERVICE, &version);
        }
        let containers = self.containers_for(road);

        let request = draft.request();
        engine.recorder.take();
        let response = engine.send(&request);
        let envelopes = engine.recorder.take();
        let answers = envelopes
            .iter()
            .map(|envelope| self.gate.ask(envelope))
            .collect();

        let (mut made, mut shown, mut after) = (false, Value::Null, Judgement::default());
        if let Some(target) = &changes {
            shown = engine.get(target);
            after = self.judge(road, &shown);
            // A start that fails leaves its settings there.
            made = response.is_success() || after != before;
        } else {
            let answer = if road == Road::Build {
                let now = self.containers_for(road);
                json!({"Id": now.difference(&containers).next()})
            } else if response.is_success() {
                response.json()
            } else {
                Value::Null
            };
            if let Some((target, removal)) = road.makes(&answer) {
                shown = engine.find(&target);
                made = !shown.is_null();
                if made {
                    after = self.judge(road, &shown);
                    removals.push(removal);
                }
            }
        }
        // Before the container, so that they are removed after it.
        let at = removals.len().saturating_sub(1);
        removals.splice(at..at, volumes_of(&shown));
        removals.retain(|target| !target.is_empty());
        Exchange {
            road,
            request,
            response,
            envelopes,
            answers,
            shown,
            made,
            before,
            after,
            fault: None,
            truth: None,
        }
    }

    fn judge(&self, road: Road, shown: &Value) -> Judgement {
        match road {
            Road::ContainerCreate
            | Road::ContainerUpdate
            | Road::ContainerStart
            | Road::NetworkConnect => self.judge.container(shown),
            Road::ExecCreate => self.judge.exec(shown),
            Road::VolumeCreate => self.judge.volume(shown),
            Road::NetworkCreate => self.judge.network(shown),
            Road::Build => self.judge.build(shown),
            Road::ServiceCreate | Road::ServiceUpdate => self.judge.service(shown),
            Road::PluginCreate => self.judge.plugin(),
        }
    }

    /// Starts a container in which neither judge nor gate found anything, and looks at its process.
    fn start(&self, exchange: &mut Exchange) {
        // These doubts are settled by the process.
        let settled = ["host-network", "unlimited-cpu"];
        let mut doubts = exchange.after.doubts.keys();
        if !matches!(
            exchange.road,
            Road::ContainerCreate | Road::ContainerUpdate | Road::NetworkConnect
        ) || !doubts.all(|rule| settled.contains(rule))
            || !truth::touches_only(&exchange.shown, &self.engine.world.dir)
        {
            return;
        }
        let id = exchange.shown["Id"].as_str().unwrap();
        let target = format!("/containers/{id}/start");
        self.engine.recorder.take();
        let response = self.engine.send(&Request::new("POST", &target));
        let envelopes = self.engine.recorder.take();
        // 304: it runs already.
        if !response.is_success() && response.status != 304 {
            return;
        }
        let mut answers = envelopes.iter().map(|envelope| self.gate.ask(envelope));
        if let Some(refusal) = answers.find(|answer| !answer.allows) {
            exchange.fault = Some(Fault::FalseDenial);
            exchange.answers.push(refusal);
        } else if let Some(faults) = truth::look(self.engine, id) {
            exchange.fault = (!faults.is_empty()).then_some(Fault::Misjudged);
            exchange.truth = Some(faults);
        }
    }

    /// The containers that are there, for a road whose answer does not name what it makes.
    fn containers_for(&self, road: Road) -> BTreeSet<String> {
        if road != Road::Build {
            return BTreeSet::new();
        }
        let all = self.engine.get("/containers/json?all=1");
        all.as_array()
            .into_iter()
            .flatten()
            .filter_map(|container| container["Id"].as_str())
            .map(ToOwned::to_owned)
            .collect()
    }
}

/// How the volumes are removed that came with a container, but for the one that was there before.
fn volumes_of(inspect: &Value) -> Vec<String> {
    let mounts = inspect["Mounts"].as_array();
    mounts
        .into_iter()
        .flatten()
        .filter(|mount| mount["Type"] == "volume")
        .filter_map(|mount| mount["Name"].as_str())
        .filter(|name| *name != VOLUME)
        .map(|name| format!("/volumes/{name}?force=1"))
        .collect()
}
