//! Any text as a policy file: it is a fault or a policy, and the policy that `lockgate policy show`
//! prints is the same policy again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockgate::docker::Host as _;
use lockgate::policy::{Policy, PolicyMode};
use lockgate_fuzz::gate::FuzzHost;

fuzz_target!(|text: &str| {
    let parse = |text: &str, audit| Policy::parse("fuzz.toml", text, audit, &FuzzHost);
    let policy = match parse(text, false) {
        Ok(policy) => policy,
        Err(fault) => {
            assert!(!fault.to_string().is_empty());
            assert!(
                parse(text, true).is_err(),
                "`--audit` mends a fault: {fault}"
            );
            return;
        }
    };
    let shown = policy.effective();
    let again = parse(shown, false).unwrap_or_else(|fault| panic!("{fault}\n{shown}"));
    assert_eq!(again.effective(), shown);
    assert_eq!(again.digest(), policy.digest());
    assert_eq!(
        (again.preset(), again.mode()),
        (policy.preset(), policy.mode())
    );
    assert_eq!(again.rules(), policy.rules());
    assert_eq!(again.exemptions(), policy.exemptions());
    assert_eq!(
        (again.server(), again.log()),
        (policy.server(), policy.log())
    );
    let today = FuzzHost.today();
    assert_eq!(again.lint(today), policy.lint(today));
    let audited = parse(text, true).expect("the same policy");
    assert_eq!(audited.mode(), PolicyMode::Audit);
    assert_eq!(audited.rules(), policy.rules());
});
