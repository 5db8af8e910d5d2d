use crate::cases::CASES;
use crate::enforce::furnish;
use crate::support::{Daemon, Engine, Gated, folder, on_each_engine, text};

on_each_engine! {
    everything_runs_as_without_the_gate_and_the_log_says_what_would_be_refused,
    unreadable_requests_pass_and_are_logged,
}

fn everything_runs_as_without_the_gate_and_the_log_says_what_would_be_refused(engine: Engine) {
    let gated = Gated::start(engine, "", true, &[]);
    furnish(gated.folder.path());
    let plain_folder = folder();
    furnish(plain_folder.path());
    let plain = Daemon::start(engine, plain_folder.path(), &["--no-plugin"]);
    for case in CASES {
        let outcomes: Vec<(bool, String)> = [&gated.daemon, &plain]
            .iter()
            .map(|daemon| {
                let arguments = case.bad(daemon.folder.to_str().unwrap());
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let output = daemon.docker(&arguments);
                assert!(
                    !text(&output.stderr).contains("authorization denied"),
                    "{}: {output:?}",
                    case.name
                );
                (output.status.success(), text(&output.stdout))
            })
            .collect();
        assert_eq!(outcomes[0], outcomes[1], "{}", case.name);
        assert_eq!(outcomes[0], (true, "it ran\n".to_owned()), "{}", case.name);
        let decision = gated.decision_on(case.name);
        assert_eq!(decision["verdict"], "would-deny", "{decision}");
        assert_eq!(decision["mode"], "audit");
        let mut logged: Vec<&str> = decision["rules"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|rule| rule["effect"] == "deny")
            .map(|rule| rule["rule"].as_str().unwrap())
            .collect();
        logged.dedup();
        assert_eq!(logged, case.rules, "{}", case.name);
    }
}

fn unreadable_requests_pass_and_are_logged(engine: Engine) {
    let gated = Gated::start(engine, "", true, &[]);
    for request in crate::hostile::REQUESTS {
        let (status, answer) = gated.daemon.raw(&crate::hostile::bytes(request.text));
        let expected = engine.pick(request.ungated);
        assert_eq!(status, expected, "{}: {answer}", request.text);
        let rule = engine.pick(request.rule);
        crate::support::wait_until("it is logged", || {
            gated.decisions().iter().any(|decision| {
                decision["verdict"] == "would-deny"
                    && decision["rules"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|found| found["rule"] == rule)
            })
        });
    }
}
