use crate::cases::CASES;
use crate::enforce::furnish;
use crate::support::{Daemon, Gated, folder, text};

#[test]
fn everything_runs_as_without_the_gate_and_the_log_says_what_would_be_refused() {
    let gated = Gated::start("", true, &[]);
    furnish(gated.folder.path());
    let plain_folder = folder();
    furnish(plain_folder.path());
    let plain = Daemon::start(plain_folder.path(), &["--no-plugin"]);
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

#[test]
fn unreadable_requests_pass_and_are_logged() {
    let gated = Gated::start("", true, &[]);
    for (request, id) in crate::hostile::REQUESTS {
        let (status, answer) = gated.daemon.raw(&crate::hostile::bytes(request));
        assert_ne!(status, 403, "{answer}");
        crate::support::wait_until("it is logged", || {
            gated.decisions().iter().any(|decision| {
                decision["verdict"] == "would-deny"
                    && decision["rules"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|rule| id.split('|').any(|id| rule["rule"] == id))
            })
        });
    }
}
