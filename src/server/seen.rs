//! What the engine tells of itself in the answers that it shows to its plugins: its version, and which
//! ids are those of the Swarm's own networks.
//!
//! These are dockerd's own words about what is there. Nothing in them is a reason to refuse or to allow
//! the request that they answer.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::civil::Date;
use serde::Deserialize;

use crate::docker::{Engine, Host, HostPath, HostSize, Route, Target};
use crate::protocol::{AuthzRequest, Body};

/// How many answers are looked at for the version: an engine that does not name itself in these never
/// will.
const LOOKS: u32 = 64;

/// How many networks are remembered; Docker's own limit for a Swarm is far below.
const NETWORK_LIMIT: usize = 4096;

/// How far into an envelope its target is looked for: behind a user's name, before any body.
const HEAD: usize = 8 * 1024;

/// A host, with what the engine has told of it.
pub(super) struct SeenHost {
    host: Arc<dyn Host + Send + Sync>,
    seen: RwLock<Seen>,
}

struct Seen {
    engine: Option<Engine>,
    /// How many answers are still to be looked at for the engine.
    looks: u32,
    swarm_networks: BTreeSet<String>,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            engine: None,
            looks: LOOKS,
            swarm_networks: BTreeSet::new(),
        }
    }
}

impl SeenHost {
    pub(super) fn new(host: Arc<dyn Host + Send + Sync>) -> Self {
        Self {
            host,
            seen: RwLock::default(),
        }
    }

    /// The version that the engine gives itself, once it is known.
    pub(super) fn engine(&self) -> Option<String> {
        self.read(|seen| seen.engine.as_ref().map(ToString::to_string))
    }

    /// Begins anew: another engine may ask from here on.
    pub(super) fn forget(&self) {
        self.write(|seen| *seen = Seen::default());
    }

    /// Looks at an answer of the engine.
    pub(super) fn look(&self, raw: &[u8]) {
        let of_networks = raw
            .get(..HEAD.min(raw.len()))
            .is_some_and(|head| head.windows(9).any(|text| text == b"/networks"));
        if !of_networks && self.read(|seen| seen.engine.is_some() || seen.looks == 0) {
            return;
        }
        let Ok(answer) = AuthzRequest::parse(raw) else {
            return;
        };
        if self.read(|seen| seen.engine.is_none()) {
            self.learn_engine(&answer);
        }
        if of_networks {
            self.learn_networks(&answer);
        }
    }

    // moby daemon/server/middleware/version.go: each answer has a `Server` header.
    fn learn_engine(&self, answer: &AuthzRequest<'_>) {
        let engine = answer
            .response_headers
            .get("Server")
            .and_then(|server| Engine::parse(server));
        if let Some(engine) = &engine {
            tracing::info!("the engine is Docker {engine}");
            for hole in engine.holes() {
                let (what, answer) = (hole.what, hole.answer);
                match hole.cve {
                    "" => tracing::warn!("the engine: {what}; {answer}"),
                    cve => tracing::warn!("the engine, by its version ({cve}): {what}; {answer}"),
                }
            }
        }
        self.write(|seen| {
            seen.looks = seen.looks.saturating_sub(1);
            seen.engine = engine;
        });
    }

    /// Clients look a network up by its name before they make a service on it by its id.
    fn learn_networks(&self, answer: &AuthzRequest<'_>) {
        let Body::Bytes(body) = &answer.response_body else {
            return;
        };
        let route = Target::parse(&answer.request_uri)
            .ok()
            .and_then(|target| Route::find(&answer.request_method, &target.path));
        if !route
            .is_some_and(|route| route.method == "GET" && route.pattern.starts_with("/networks"))
        {
            return;
        }
        let networks = match serde_json::from_slice(body) {
            Ok(Networks::One(network)) => vec![network],
            Ok(Networks::Many(networks)) => networks,
            Err(_) => return,
        };
        self.write(|seen| {
            for network in networks {
                // moby daemon/cluster/convert/network.go: the predefined ones have other drivers.
                if network.scope == "swarm" && network.driver == "overlay" {
                    if seen.swarm_networks.len() >= NETWORK_LIMIT {
                        seen.swarm_networks.clear();
                    }
                    seen.swarm_networks.insert(network.id);
                }
            }
        });
    }

    fn read<T>(&self, read: impl FnOnce(&Seen) -> T) -> T {
        read(&self.seen.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, write: impl FnOnce(&mut Seen)) {
        write(&mut self.seen.write().unwrap_or_else(PoisonError::into_inner));
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Networks {
    One(Network),
    Many(Vec<Network>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    id: String,
    scope: String,
    driver: String,
}

impl Host for SeenHost {
    fn resolve(&self, path: &HostPath) -> Result<HostPath, String> {
        self.host.resolve(path)
    }

    fn today(&self) -> Date {
        self.host.today()
    }

    fn size(&self) -> HostSize {
        self.host.size()
    }

    fn has_unified_cgroups(&self) -> bool {
        self.host.has_unified_cgroups()
    }

    fn is_swarm_network(&self, id: &str) -> bool {
        self.read(|seen| seen.swarm_networks.contains(id))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::docker::PlainHost;

    fn seen() -> SeenHost {
        SeenHost::new(Arc::new(PlainHost {
            today: jiff::civil::date(2027, 1, 1),
        }))
    }

    fn answer(server: &str) -> Vec<u8> {
        let answer = json!({"RequestMethod": "GET", "RequestUri": "/info", "ResponseHeaders": {"Server": server}});
        answer.to_string().into_bytes()
    }

    fn of_networks(method: &str, body: &serde_json::Value) -> Vec<u8> {
        let body = STANDARD.encode(body.to_string());
        let answer = json!({"RequestMethod": method, "RequestUri": "/v1.41/networks/a", "ResponseBody": body});
        answer.to_string().into_bytes()
    }

    #[test]
    fn the_first_answer_that_names_an_engine_counts_until_dockerd_starts_anew() {
        let seen = seen();
        for noise in [&b""[..], b"noise", &answer("nginx")] {
            seen.look(noise);
            assert_eq!(seen.engine(), None);
        }
        seen.look(&answer("Docker/28.5.2 (linux)"));
        seen.look(&answer("Docker/20.10.24 (linux)"));
        assert_eq!(seen.engine().as_deref(), Some("28.5.2"));
        seen.forget();
        assert_eq!(seen.engine(), None);
        for _ in 0..LOOKS {
            seen.look(&answer("nginx"));
        }
        seen.look(&answer("Docker/28.5.2 (linux)"));
        assert_eq!(seen.engine(), None);
    }

    #[test]
    fn only_networks_that_a_swarm_made_are_remembered() {
        let network = |id: &str, scope: &str, driver: &str| json!({"Id": id, "Scope": scope, "Driver": driver});
        let seen = seen();
        seen.look(&of_networks("GET", &network("own", "swarm", "overlay")));
        seen.look(&of_networks("GET", &network("host", "swarm", "host")));
        seen.look(&of_networks("GET", &network("local", "local", "bridge")));
        seen.look(&of_networks("POST", &network("made", "swarm", "overlay")));
        let list = json!([
            network("first", "swarm", "overlay"),
            network("none", "local", "null")
        ]);
        seen.look(&of_networks("GET", &list));
        let known: Vec<&str> = ["own", "host", "local", "made", "first", "none", "ow", ""]
            .into_iter()
            .filter(|id| seen.is_swarm_network(id))
            .collect();
        assert_eq!(known, ["own", "first"]);
        seen.forget();
        assert!(!seen.is_swarm_network("own"));
    }
}
