//! Any JSON body of any road: what lockgate reads is what Go reads into Docker's own types, however
//! it is spelled; of a create, what engines of either kind make of it, too; and what a client writes
//! plainly is read without complaint.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use lockgate::docker::{Call, Problem, Reading, Target};
use lockgate::protocol::AuthzRequest;
use lockgate_fuzz::create::Engine;
use lockgate_fuzz::facts::Facts;
use lockgate_fuzz::gate::FuzzHost;
use lockgate_fuzz::go::{self, Fault, Json, Type};
use lockgate_fuzz::moby::{CREATE, body_of, is_plain, rewritten};
use lockgate_fuzz::mutate;
use lockgate_fuzz::mux::{self, Answer};
use lockgate_fuzz::request::Request;

fuzz_target!(|text: &[u8]| {
    let mut request = Request::parse(text);
    // What stands beside the body has targets of its own.
    request.headers.clear();
    request
        .target
        .truncate(request.target.find('?').unwrap_or(request.target.len()));
    if Target::parse(&request.target).is_err() {
        return;
    }
    let Answer::Routed { route, version, .. } = mux::answer(&request.method, &request.target)
    else {
        return;
    };
    let Some(kind) = body_of(route.pattern).filter(|_| route.method == "POST") else {
        return;
    };
    let reading = read(&request);
    match go::parse(&request.body) {
        Ok(body) => {
            check_spelling(&reading, &request, &body.json, kind);
            if std::ptr::eq(kind, &raw const CREATE) {
                check_create(&reading, &body.json, version.as_deref());
            }
            if !body.repaired {
                check_plain(&reading, &body.json, kind);
            }
        }
        Err(Fault::Syntax) => assert!(!reading.problems.is_empty(), "no JSON, and read"),
        // The model does not say.
        Err(Fault::TooDeep) => {}
    }
});

fn read(request: &Request) -> Reading {
    let envelope = request.envelope();
    let request = AuthzRequest::parse(&envelope).expect("a whole envelope");
    Call::read(&request, &FuzzHost)
}

/// The call that was read, if there is nothing against it but how it is spelled: that refuses it, but
/// the findings beside it have to be true all the same.
fn call(reading: &Reading) -> Option<&Call> {
    let spelling = |problem: &Problem| matches!(problem, Problem::OddSpelling { .. });
    let only_spelling = reading.problems.iter().all(spelling);
    reading.call.as_ref().filter(|_| only_spelling)
}

/// The same body, as a client would have written it, is the same call.
fn check_spelling(reading: &Reading, request: &Request, body: &Json, kind: &Type) {
    let (Some(call), Ok(_)) = (call(reading), kind.decode(body)) else {
        return;
    };
    let body = rewritten(body, kind);
    let meant = read(&Request {
        body: mutate::plain_text(&body),
        ..request.clone()
    });
    assert_eq!(
        Some(call),
        meant.call.as_ref(),
        "lockgate reads the left, the right is meant"
    );
    check_plain(&meant, &body, kind);
}

/// What lockgate reads of a create is what each engine reads that takes the body.
fn check_create(reading: &Reading, body: &Json, version: Option<&str>) {
    let Some(call) = call(reading) else {
        return;
    };
    let read = Facts::of_call(call);
    for engine in Engine::ALL {
        if let Ok(made) = engine.read(body, version) {
            let (gate, docker) = (read.without(&made), made.without(&read));
            assert_eq!(
                gate, docker,
                "lockgate reads the left, {engine:?} the right"
            );
        }
    }
}

/// What Docker takes, and a client writes plainly, has no problem and no field that is unknown.
fn check_plain(reading: &Reading, body: &Json, kind: &Type) {
    if kind.decode(body).is_err() || !is_plain(body, kind) {
        return;
    }
    let problems = &reading.problems;
    assert!(
        problems.is_empty(),
        "a plain body has problems: {problems:?}"
    );
    let unknown = reading.call.as_ref().and_then(Call::unknown_fields);
    // Keys of security options are values to Docker's types.
    let field = unknown
        .expect("every body has a list of unknown fields")
        .iter()
        .find(|field| !field.contains("SecurityOpt "));
    assert_eq!(field, None, "a field of Docker's is unknown");
}

fuzz_mutator!(|data: &mut [u8], size: usize, limit: usize, seed: u32| {
    mutate::request(data, size, limit, seed, fuzzer_mutate)
});
