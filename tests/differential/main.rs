//! lockgate and an ungated dockerd, given the same random requests: a judge that is not us.
//!
//! Each request goes to a real daemon whose only plugin writes down what the daemon asks it, and
//! allows everything. The same question, to the byte, is put to lockgate. Then inspect is asked what
//! the daemon has made, and a small model of the preset `default` that knows nothing of requests
//! says whether that breaks a rule. There are three faults: an escape (it breaks a rule, and
//! lockgate allowed it), a false denial (a plain request made something compliant, and lockgate
//! refused it), and a container that the model called compliant and whose process is not.
//!
//! `make differential REQUESTS=50000 SEED=1 ENGINES="bookworm trixie sid"` makes a long run; each case
//! is thrown from the seed and its number alone, so `SEED=1 ONLY=1234` shows one again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that panics has failed and says where; it works on real files and small numbers"
)]

mod bodies; // The compliant bodies that everything starts from.
mod dice; // Chance that can be repeated.
mod draft; // A request that is put together, and the changes made to it.
mod engine; // A dockerd without a gate.
mod gate; // Who is asked about each request.
mod http; // HTTP to the byte.
mod json; // JSON to the byte.
mod judge; // What the preset means, read off what the daemon has made.
mod plan; // Cases, by seed and number.
mod recorder; // The plugin that writes down what the daemon asks.
mod report; // Figures and finds.
mod run; // One case, sent and judged.
mod spelling; // The same thing said in other ways.
mod truth; // What a running container is, as the kernel tells.
mod values; // What each field may be set to.

use engine::{Engine, Release};
use gate::{Blind, Gate, Lockgate, Shut};
use plan::{Planner, Step};
use report::{Find, Report};
use run::{Fault, Runner};

const BOOKWORM: Release = Release("bookworm");
const TRIXIE: Release = Release("trixie");
const SID: Release = Release("sid");

/// Of how many cases one has its container started, if it may be.
const STARTED: u64 = 20;

#[test]
fn on_bookworm() {
    find_nothing(BOOKWORM);
}

#[test]
fn on_trixie() {
    find_nothing(TRIXIE);
}

#[test]
fn on_sid() {
    find_nothing(SID);
}

/// So many cases must be enough to find out a gate that does not work.
const PROOF: u64 = 3_000;

#[test]
fn a_blind_gate_is_found_out_by_every_rule() {
    let engine = Engine::start(BOOKWORM);
    let (planner, runner) = (Planner::new(&engine.world), Runner::new(&engine, &Blind));
    let mut unbroken = runner.rules();
    for number in 0..PROOF {
        for exchange in runner.run(&planner.case(1, number), false) {
            assert_ne!(exchange.fault, Some(Fault::FalseDenial));
            if exchange.fault == Some(Fault::Escape) {
                for rule in exchange.after.broken_since(&exchange.before) {
                    unbroken.remove(rule);
                }
            }
        }
        if unbroken.is_empty() {
            return;
        }
    }
    panic!("{PROOF} cases broke every rule but {unbroken:?}");
}

#[test]
fn a_shut_gate_is_found_out() {
    let engine = Engine::start(BOOKWORM);
    let (planner, runner) = (Planner::new(&engine.world), Runner::new(&engine, &Shut));
    for number in 0..PROOF {
        for exchange in runner.run(&planner.case(1, number), false) {
            assert_ne!(exchange.fault, Some(Fault::Escape));
            if exchange.fault == Some(Fault::FalseDenial) {
                return;
            }
        }
    }
    panic!("{PROOF} cases and no false denial");
}

/// A number that the caller of the tests may set.
fn option(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {value}")),
    )
}

fn find_nothing(release: Release) {
    let engine = Engine::start(release);
    let gate = Lockgate::before(&engine);
    let seed = option("SEED").unwrap_or(1);
    let report = match option("ONLY") {
        Some(number) => only(&engine, &gate, seed, number),
        None => run(&engine, &gate, option("REQUESTS").unwrap_or(1_500), seed),
    };
    println!("=== {}\n{}", release.0, report.text());
    let faults = [Fault::Escape, Fault::FalseDenial, Fault::Misjudged];
    let faults = faults.map(|fault| report.faults(fault));
    assert_eq!(
        faults,
        [0, 0, 0],
        "escapes, false denials, misjudged: see above"
    );
}

/// Runs cases until so many requests are sent.
fn run(engine: &Engine, gate: &dyn Gate, requests: u64, seed: u64) -> Report {
    let (planner, runner) = (Planner::new(&engine.world), Runner::new(engine, gate));
    let mut report = Report::default();
    let mut number = 0;
    while report.requests() < requests {
        case(&planner, &runner, &mut report, seed, number);
        number += 1;
        if number.is_multiple_of(2_000) {
            println!(
                "{}: {} of {requests} requests, {} escapes, {} false denials",
                engine.release.0,
                report.requests(),
                report.faults(Fault::Escape),
                report.faults(Fault::FalseDenial),
            );
        }
    }
    report
}

/// Runs one case and shows it, whatever comes of it.
fn only(engine: &Engine, gate: &dyn Gate, seed: u64, number: u64) -> Report {
    let (planner, runner) = (Planner::new(&engine.world), Runner::new(engine, gate));
    let mut report = Report::default();
    let steps = planner.case(seed, number);
    for exchange in runner.run(&steps, true) {
        println!(
            "{}\ndockerd: {}\n{}",
            exchange.request, exchange.response, exchange.shown
        );
        println!("{:?}\n{:?}", exchange.after, exchange.answers);
    }
    case(&planner, &runner, &mut report, seed, number);
    report
}

fn case(planner: &Planner<'_>, runner: &Runner<'_>, report: &mut Report, seed: u64, number: u64) {
    let steps = planner.case(seed, number);
    let exchanges = runner.run(&steps, number.is_multiple_of(STARTED));
    report.count(&steps, &exchanges);
    let Some(fault) = exchanges.iter().find_map(|exchange| exchange.fault) else {
        return;
    };
    let find = Find {
        fault,
        number,
        steps,
        exchanges,
    };
    let find = if report.is_well_known(&find) {
        find
    } else {
        shrink(runner, find)
    };
    if let Some(text) = report.find(find, seed) {
        println!("--- {}: {text}", runner.release());
    }
}

/// The same find with as few changes as it needs.
fn shrink(runner: &Runner<'_>, mut find: Find) -> Find {
    let places = |steps: &[Step]| -> Vec<(usize, usize)> {
        let edits = steps.iter().enumerate();
        edits
            .flat_map(|(step, of)| (0..of.edits.len()).map(move |edit| (step, edit)))
            .collect()
    };
    for (step, edit) in places(&find.steps).into_iter().rev() {
        let mut steps = find.steps.clone();
        steps[step].edits.remove(edit);
        let exchanges = runner.run(&steps, find.fault == Fault::Misjudged);
        let smaller = Find {
            fault: find.fault,
            number: find.number,
            steps,
            exchanges,
        };
        let same = smaller
            .exchanges
            .iter()
            .any(|exchange| exchange.fault == Some(find.fault))
            && smaller.rules() == find.rules();
        if same {
            find = smaller;
        }
    }
    find
}
