//! Who is asked about each request: lockgate, or one of the gates that prove the harness.

use lockgate::decision::{Outcome, decide};
use lockgate::policy::Policy;
use lockgate::server::FsHost;

use crate::engine::Engine;

/// What a gate says of a request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) allows: bool,
    /// Its words for the caller.
    pub(crate) says: String,
}

pub(crate) trait Gate {
    /// Decides on an envelope, to the byte as dockerd has sent it.
    fn ask(&self, envelope: &[u8]) -> Answer;
}

/// lockgate with the policy that it has without any file, on the daemon's host.
pub(crate) struct Lockgate {
    policy: Policy,
    host: FsHost,
}

impl Lockgate {
    pub(crate) fn before(engine: &Engine) -> Self {
        let host = FsHost::new(engine.root()).unwrap();
        let policy = Policy::built_in(false, &host).unwrap();
        Self { policy, host }
    }
}

impl Gate for Lockgate {
    fn ask(&self, envelope: &[u8]) -> Answer {
        let decision = decide(envelope, &self.policy, &self.host);
        let reply: serde_json::Value = serde_json::from_slice(&decision.reply().to_json()).unwrap();
        Answer {
            allows: decision.verdict().outcome() != Outcome::Deny,
            says: reply["Msg"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// A gate that lets everything pass.
pub(crate) struct Blind;

impl Gate for Blind {
    fn ask(&self, _: &[u8]) -> Answer {
        Answer {
            allows: true,
            says: String::new(),
        }
    }
}

/// A gate that lets nothing pass.
pub(crate) struct Shut;

impl Gate for Shut {
    fn ask(&self, _: &[u8]) -> Answer {
        Answer {
            allows: false,
            says: "shut".to_owned(),
        }
    }
}
