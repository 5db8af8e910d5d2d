//! Any bytes as the envelope: there is a decision, and it keeps what is promised of every decision.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockgate_fuzz::gate::Decided;

fuzz_target!(|envelope: &[u8]| {
    let _ = Decided::new(envelope);
});
