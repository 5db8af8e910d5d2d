use std::fs;

use crate::support::lockgate;

#[test]
fn the_references_are_fresh() {
    for name in ["rules", "routes"] {
        let output = lockgate().args(["policy", name]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let file = format!("{}/policy/{name}.md", env!("CARGO_MANIFEST_DIR"));
        assert!(
            fs::read(file).unwrap() == output.stdout,
            "policy/{name}.md is not what the program says; refresh it with\n  \
             cargo run -- policy {name} > policy/{name}.md"
        );
    }
}
