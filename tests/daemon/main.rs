//! lockgate before a real dockerd, which is the judge: what is refused must not be made, what is
//! compliant must run.
//!
//! Needs root, a docker client, busybox and openssl, which `scripts/setup test` installs, and the
//! daemons of three Debian releases, which `scripts/engines` makes. Every test starts one of its own
//! by `scripts/dockerd`, which leaves nothing behind.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that panics has failed and says where; it works on real files"
)]

mod audit; // Audit mode: everything runs as without the gate, and the log says what would not.
mod cases; // One container that breaks each rule of the preset `default`, and its nearest compliant one.
mod enforce; // Enforce mode: each case is refused by name, each compliant one runs.
mod faults; // The gate is gone, or dies in the middle of a request.
mod hostile; // Requests that no client writes, sent as raw bytes.
mod ordinary; // A day of compliant work with Docker's clients, of which nothing is refused.
mod readme; // The transcript in the README.
mod roads; // Each road beside a create: what weakens is refused on it, what is harmless works.
mod support; // A gated daemon, the docker client, raw requests.
mod tls; // Users with certificates, and their exemptions.
