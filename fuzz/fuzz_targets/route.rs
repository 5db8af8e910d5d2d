//! Any method and request target: lockgate finds the route that gorilla/mux finds.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use lockgate::docker::{Route, Target};
use lockgate_fuzz::mutate;
use lockgate_fuzz::mux::{self, Answer};

/// Versions at which dockerd changes its mind about a field.
const TURNS: &[[u64; 2]] = &[[1, 24], [1, 40], [1, 41], [1, 44], [1, 52]];

fuzz_target!(|text: &str| {
    let (method, target) = text.split_once(' ').unwrap_or(("GET", text));
    let read = Target::parse(target);
    // Stricter than Docker: readers disagree about these.
    if target.contains('#') || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        assert!(read.is_err(), "{read:?}");
        return;
    }
    let found = read
        .as_ref()
        .ok()
        .and_then(|read| Route::find(method, &read.path));
    let Answer::Routed {
        route,
        version,
        query,
    } = mux::answer(method, target)
    else {
        assert_eq!(found, None, "{read:?}");
        return;
    };
    let read = read.expect("dockerd reads it");
    assert_eq!(found, Some(route), "{read:?}");
    assert_eq!(read.version.is_some(), version.is_some(), "{read:?}");
    if let (Some(read), Some(version)) = (&read.version, &version) {
        for turn in TURNS {
            let [major, minor] = *turn;
            assert_eq!(
                read.is_below(major, minor),
                mux::is_older(version, *turn),
                "{version} {turn:?}"
            );
        }
    }
    let pairs = read.query().ok().map(|query| {
        query
            .pairs()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    });
    assert_eq!(pairs, mux::pairs(&query));
});

fuzz_mutator!(|data: &mut [u8], size: usize, limit: usize, seed: u32| {
    mutate::route(data, size, limit, seed, fuzzer_mutate)
});
