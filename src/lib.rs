//! lockgate, the gate of a Docker daemon: an authorization plugin that reads every API request as
//! dockerd itself will read it, and refuses those that would make a container which is not hardened.
//!
//! The way of one request, which is also the direction in which modules depend on each other:
//!
//! 1. [`server`] takes the envelope as raw bytes and calls [`decision::decide`].
//! 2. [`protocol`] reads the envelope.
//! 3. [`docker`] finds the route and reads the body into a typed [`docker::Call`].
//! 4. [`policy`] knows who asks and which exemptions they have,
//! 5. and lets each rule look at views of the call.
//! 6. [`decision`] joins findings, modes, exemptions and reading problems into a verdict,
//! 7. and gives the record for the log.
//! 8. [`server`] writes the record and answers.
//!
//! Everything between the two ends is a function of the bytes, the policy and a [`docker::Host`].

pub mod cli;
pub mod decision;
pub mod docker;
mod nearest;
pub mod policy;
pub mod protocol;
pub mod server;
