//! Any request in a whole envelope: what cannot be read is refused, and no secret leaves the gate.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use lockgate_fuzz::gate::Decided;
use lockgate_fuzz::go::{self, Fault};
use lockgate_fuzz::mutate;
use lockgate_fuzz::mux::{self, Answer};
use lockgate_fuzz::request::Request;

/// The routes that make or change something by what a JSON body says.
const NEED_JSON: &[&str] = &[
    "/containers/create",
    "/containers/{name:.*}/exec",
    "/containers/{name:.*}/update",
    "/networks/create",
    "/networks/{id:.*}/connect",
    "/services/create",
    "/services/{id}/update",
    "/volumes/create",
];

const SECRET: &str = "correct horse battery staple";

fuzz_target!(|text: &[u8]| {
    let mut request = Request::parse(text);
    let decided = Decided::new(&request.envelope());
    if let Answer::Routed { route, .. } = mux::answer(&request.method, &request.target)
        && route.method == "POST"
        && NEED_JSON.contains(&route.pattern)
        && go::parse(&request.body) == Err(Fault::Syntax)
    {
        assert!(
            decided.is_refused(),
            "{} without JSON is not refused",
            route.pattern
        );
    }
    // Where the body was an object, it still is one, or as broken as before.
    if let Some(fields) = request.body.strip_prefix(b"{\"") {
        let secrets = format!("{{\"Env\":[\"A={SECRET}\"],\"Labels\":{{\"a\":\"{SECRET}\"}},\"");
        request.body = [secrets.as_bytes(), fields].concat();
    }
    for header in ["Authorization", "X-Registry-Auth", "X-Registry-Config"] {
        request.headers.push((header.to_owned(), SECRET.to_owned()));
    }
    for text in Decided::new(&request.envelope()).texts() {
        assert!(!text.contains(SECRET), "{text}");
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, limit: usize, seed: u32| {
    mutate::request(data, size, limit, seed, fuzzer_mutate)
});
