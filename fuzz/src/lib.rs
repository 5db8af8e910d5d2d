//! What the fuzz targets share: the gate with what holds for every decision, and second readings of
//! targets and bodies that have nothing in common with lockgate's own.
//!
//! A second reading may be slow; it has to be plain enough to be believed. Where it and lockgate
//! disagree, one of them is wrong about Docker, and Docker's sources say which.

#![forbid(unsafe_code)]

pub mod create; // What Docker makes of the body of a create.
pub mod facts; // What a create asks for, in lines that two readings can be compared by.
pub mod gate; // The gate under test, and what holds for whatever it is asked.
pub mod go; // JSON as Go reads it.
pub mod moby; // The bodies of requests in Docker's own types.
pub mod mutate; // Changes that keep JSON JSON and a target a target.
pub mod mux; // From a request target to a route, by regular expressions.
pub mod request; // A request as text, and the envelope that dockerd makes of it.
