use std::fs;

use crate::support::lockgate;

#[test]
fn the_rule_reference_is_fresh() {
    let output = lockgate().args(["policy", "rules"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/policy/rules.md");
    assert!(
        fs::read(file).unwrap() == output.stdout,
        "policy/rules.md is not what the rules say; refresh it with\n  \
         cargo run -- policy rules > policy/rules.md"
    );
}
