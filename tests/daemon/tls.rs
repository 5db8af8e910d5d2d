use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::support::{Engine, Gated, IMAGE, docker, folder, on_each_engine, rules_in, text};

on_each_engine! {
    an_exemption_lets_a_user_with_a_certificate_through_and_nobody_else,
}

const POLICY: &str = r#"
[[exemptions]]
rules = ["host-network"]
users = ["ops"]
until = 2999-12-31
reason = "looks at the host's interfaces; ticket 4711"

[[exemptions]]
rules = ["host-network"]
users = ["former"]
until = 2020-12-31
reason = "was needed for the move"
"#;

fn an_exemption_lets_a_user_with_a_certificate_through_and_nobody_else(engine: Engine) {
    // In the daemon's own folder, which it sees in whatever root it runs.
    let folder = folder();
    make_certificates(folder.path(), &["ops", "dev", "former"]);
    let path = folder.path().to_owned();
    let file = |name: &str| path.join(name).to_str().unwrap().to_owned();
    let port = free_port();
    let address = format!("tcp://127.0.0.1:{port}");
    let gated = Gated::start_in(
        engine,
        folder,
        POLICY,
        false,
        &[
            "--",
            "--host",
            &address,
            "--tlsverify",
            "--tlscacert",
            &file("ca.pem"),
            "--tlscert",
            &file("server.pem"),
            "--tlskey",
            &file("server-key.pem"),
        ],
    );
    let run = |user: &str| {
        let connection = [
            "-H",
            &address,
            "--tlsverify",
            "--tlscacert",
            &file("ca.pem"),
            "--tlscert",
            &file(&format!("{user}.pem")),
            "--tlskey",
            &file(&format!("{user}-key.pem")),
        ]
        .map(ToOwned::to_owned);
        let connection: Vec<&str> = connection.iter().map(String::as_str).collect();
        docker(&connection, &hardened(&format!("by-{user}")))
    };

    let ran = run("ops");
    assert_eq!(text(&ran.stdout), "it ran\n", "{ran:?}");
    let decision = gated.decision_on("by-ops");
    assert_eq!(decision["user"], "ops");
    assert_eq!(decision["verdict"], "allow");
    assert_eq!(decision["rules"][0]["rule"], "host-network");
    assert_eq!(decision["rules"][0]["effect"], "exempt");
    assert_eq!(
        decision["rules"][0]["exemption"]["reason"],
        "looks at the host's interfaces; ticket 4711"
    );

    let refused = run("dev");
    assert_eq!(rules_in(&text(&refused.stderr)), ["host-network"]);
    assert_eq!(gated.decision_on("by-dev")["user"], "dev");

    let refused = run("former");
    assert_eq!(rules_in(&text(&refused.stderr)), ["host-network"]);
    assert!(text(&refused.stderr).contains("an exemption for this ended on 2020-12-31"));
    let decision = gated.decision_on("by-former");
    assert_eq!(decision["rules"][0]["exemption"]["expired"], true);

    // The local socket has no user.
    let refused = gated.daemon.docker(&hardened("by-nobody"));
    assert_eq!(rules_in(&text(&refused.stderr)), ["host-network"]);
    assert_eq!(
        gated.decision_on("by-nobody")["user"],
        serde_json::Value::Null
    );
}

fn hardened(name: &str) -> Vec<&str> {
    vec![
        "run",
        "--rm",
        "--name",
        name,
        "--network=host",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--user=65534:65534",
        "--memory=64m",
        "--cpus=0.5",
        "--pids-limit=64",
        "--read-only",
        IMAGE,
        "echo",
        "it",
        "ran",
    ]
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// An authority, a server for 127.0.0.1, and a client for each user.
fn make_certificates(folder: &Path, users: &[&str]) {
    let make = |name: &str, how: &[&str]| {
        let (key, certificate) = (format!("{name}-key.pem"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        let output = Command::new("openssl")
            .current_dir(folder)
            .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
            .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", &subject])
            .args(["-keyout", &key, "-out", &certificate])
            .args(how)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    make("ca", &[]);
    let sign = |name: &str, extension: &str| {
        make(
            name,
            &[
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca-key.pem",
                "-addext",
                extension,
                "-addext",
                "basicConstraints=critical,CA:FALSE",
            ],
        );
    };
    sign("server", "subjectAltName=IP:127.0.0.1");
    for user in users {
        sign(user, "extendedKeyUsage=clientAuth");
    }
}
