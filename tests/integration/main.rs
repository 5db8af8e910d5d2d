//! lockgate from the outside, without Docker: as a library, over its socket, and as a program.
//!
//! Needs root (only root is answered on the socket), python3 and systemd-socket-activate:
//! `scripts/setup test` installs them. What dockerd makes of the answers is proved in
//! `tests/daemon`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that panics has failed and says where; it works on real files"
)]

mod cases; // Every file of `tests/cases`: the verdict, the rules, the words, and what audit makes of it.
mod cli; // The commands that are not `serve`: what they print and how they end.
mod inventory; // Every route and every field that moby has is sorted in.
mod log; // What a decision leaves in the log, and what it must never leave there.
mod properties; // What holds for any bytes, any request and any policy.
mod protocol; // The plugin protocol, over a socket: what dockerd sends, in any state of repair.
mod reference; // The generated rule reference is fresh.
mod routes; // A call of every route: in every spelling, without its body, with a form.
mod server; // `lockgate serve`: socket, signals, reload, systemd, options.
mod support; // A host made of facts, envelopes, a gate to ask, a raw connection.
