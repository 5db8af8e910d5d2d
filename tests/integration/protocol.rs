use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::panic::panic_any;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use jiff::civil::Date;
use lockgate::docker::{Host, HostPath, HostSize};
use lockgate::policy::Policy;
use lockgate::protocol::{ACTIVATE, AUTHZ_REQ, AUTHZ_RES, ENVELOPE_LIMIT};
use serde_json::{Value, json};

use crate::support::{
    CREATE, Connection, FakeHost, Reply, Router, Serve, ask, create, envelope, hardened,
    hardened_with, head, ids_in, policy,
};

/// Runs a test against the library's router and against the program.
fn both(check: impl Fn(&Path)) {
    let router = Router::start(policy(""), FakeHost::default());
    check(&router.socket);
    let served = Serve::new("").start();
    check(&served.socket());
}

fn allowed() -> Reply {
    Reply {
        allow: true,
        msg: String::new(),
    }
}

/// Sends as a client library does: whatever headers it likes, and a host.
fn post(socket: &Path, path: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder()
            .unix_socket(socket)
            .build()
            .unwrap();
        let response = client
            .post(format!("http://localhost{path}"))
            .body(body)
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        (status, response.bytes().await.unwrap().to_vec())
    })
}

#[test]
fn the_handshake_names_authz_and_nothing_else() {
    both(|socket| {
        // moby pkg/plugins/plugins.go: an empty body, answered by 200 and a manifest.
        let (status, body) = post(socket, ACTIVATE, Vec::new());
        assert_eq!(status, 200);
        assert_eq!(body, br#"{"Implements":["authz"]}"#);
        let answer = Connection::open(socket).ask(ACTIVATE, b"");
        assert_eq!(
            (answer.status, answer.body),
            (200, br#"{"Implements":["authz"]}"#.to_vec())
        );
    });
}

#[test]
fn an_allow_is_one_word_and_a_refusal_is_a_message_with_status_200() {
    both(|socket| {
        let (status, body) = post(socket, AUTHZ_REQ, create(&hardened()));
        assert_eq!((status, body), (200, br#"{"Allow":true}"#.to_vec()));
        let refused = create(&hardened_with("PidMode", json!("host")));
        let (status, body) = post(socket, AUTHZ_REQ, refused);
        assert_eq!(status, 200);
        let answer: Value = serde_json::from_slice(&body).unwrap();
        let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
        // No `Err`: dockerd ignores it beside status 200.
        assert_eq!(keys, ["Allow", "Msg"]);
        assert_eq!(answer["Allow"], false);
        assert_eq!(
            answer["Msg"],
            "1 rule refuses this container\n  host-pid: `HostConfig.PidMode` is the host's; remove --pid=host"
        );
    });
}

#[test]
fn any_host_and_no_content_type_will_do() {
    both(|socket| {
        // 20.10 sends an empty host, later engines `plugin.moby.localhost`.
        for host in ["", "plugin.moby.localhost", "[::1]:80", "%zz", "a b"] {
            for (body, allow) in [
                (hardened(), true),
                (hardened_with("PidMode", json!("host")), false),
            ] {
                let body = create(&body);
                let mut connection = Connection::open(socket);
                connection.send(&head(AUTHZ_REQ, host, body.len()));
                connection.send(&body);
                assert_eq!(connection.receive().reply().allow, allow, "{host:?}");
            }
        }
    });
}

#[test]
fn a_body_of_all_that_dockerd_forwards_is_read_to_its_end() {
    // moby pkg/authorization/authz.go: maxBodySize.
    const MOST: usize = 4 * 1024 * 1024;
    let long = |tail: &str| {
        let mut body = hardened().to_string();
        body.push_str(&" ".repeat(MOST - body.len() - tail.len()));
        body.push_str(tail);
        assert_eq!(body.len(), MOST);
        envelope("POST", CREATE, Some(body.as_bytes()))
    };
    both(|socket| {
        assert_eq!(ask(socket, &long("")), allowed());
        let reply = ask(socket, &long("x"));
        assert_eq!(ids_in(&reply.msg), ["unreadable-body"]);
    });
}

#[test]
fn what_is_too_long_is_a_refusal_and_no_413() {
    both(|socket| {
        for length in [ENVELOPE_LIMIT + 1, 3 * ENVELOPE_LIMIT] {
            let mut connection = Connection::open(socket);
            connection.send(&head(AUTHZ_REQ, "", length));
            connection.send(&vec![b' '; length]);
            let reply = connection.receive().reply();
            assert!(!reply.allow);
            assert_eq!(ids_in(&reply.msg), ["unreadable-envelope"], "{}", reply.msg);
        }
        // The gate still answers.
        assert_eq!(ask(socket, &create(&hardened())), allowed());
    });
}

#[test]
fn an_empty_or_broken_envelope_is_refused_and_says_what_to_do() {
    let whole = create(&hardened());
    both(|socket| {
        // dockerd asks again with an empty body when a connection broke, and would then run the
        // request that it had before.
        let reply = ask(socket, b"");
        assert!(!reply.allow);
        assert_eq!(ids_in(&reply.msg), ["unreadable-envelope"]);
        assert!(
            reply
                .msg
                .contains("without its content after a broken connection; send it again"),
            "{}",
            reply.msg
        );
        for broken in [&whole[..whole.len() / 2], b"\xff\xfe", b"[]", b"null"] {
            let reply = ask(socket, broken);
            assert!(!reply.allow);
            assert_eq!(ids_in(&reply.msg), ["unreadable-envelope"]);
            assert!(reply.msg.ends_with("; send it again"), "{}", reply.msg);
        }
    });
}

#[test]
fn an_envelope_that_ends_before_its_length_is_never_allowed() {
    both(|socket| {
        let whole = create(&hardened());
        let mut stream = UnixStream::connect(socket).unwrap();
        stream
            .write_all(&head(AUTHZ_REQ, "", whole.len() + 1))
            .unwrap();
        stream.write_all(&whole).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(!answer.contains("\"Allow\":true"), "{answer}");
    });
}

#[test]
fn what_has_happened_is_allowed_at_once() {
    // moby pkg/authorization/authz.go: at most 64 KiB of the answer, in base64.
    let mut told: Value = serde_json::from_slice(&envelope("GET", "/info", None)).unwrap();
    told["ResponseStatusCode"] = 200.into();
    told["ResponseBody"] = "A".repeat(64 * 1024 / 3 * 4).into();
    both(|socket| {
        let mut connection = Connection::open(socket);
        for body in [
            told.to_string().as_bytes(),
            &create(&hardened_with("Privileged", json!(true))),
            b"",
            b"garbage",
        ] {
            assert_eq!(connection.ask(AUTHZ_RES, body).reply(), allowed());
        }
    });
}

#[test]
fn one_connection_is_good_for_many_requests() {
    both(|socket| {
        let mut connection = Connection::open(socket);
        let refused = create(&hardened_with("UTSMode", json!("host")));
        for _ in 0..100 {
            assert_eq!(connection.ask(ACTIVATE, b"").status, 200);
            let ping = envelope("HEAD", "/_ping", None);
            assert_eq!(connection.ask(AUTHZ_REQ, &ping).reply(), allowed());
            let reply = connection.ask(AUTHZ_REQ, &refused).reply();
            assert_eq!(ids_in(&reply.msg), ["host-uts"]);
            // Not even what cannot be read costs the connection.
            assert!(!connection.ask(AUTHZ_REQ, b"{").reply().allow);
            assert_eq!(connection.ask(AUTHZ_RES, b"").reply(), allowed());
        }
    });
}

#[test]
fn many_connections_at_once_get_their_own_answers() {
    both(|socket| {
        thread::scope(|scope| {
            for number in 0..16 {
                scope.spawn(move || {
                    let mut connection = Connection::open(socket);
                    let parent = format!("parent-{number}");
                    let body = create(&hardened_with("CgroupParent", json!(parent)));
                    for _ in 0..25 {
                        let reply = connection.ask(AUTHZ_REQ, &body).reply();
                        assert!(
                            reply.msg.contains(&format!("`{parent}`")),
                            "{number}: {}",
                            reply.msg
                        );
                    }
                });
            }
        });
    });
}

#[test]
fn other_paths_and_methods_are_no_part_of_the_protocol() {
    both(|socket| {
        let mut connection = Connection::open(socket);
        assert_eq!(connection.ask("/AuthZPlugin.AuthZReq/", b"").status, 404);
        assert_eq!(connection.ask("/", b"").status, 404);
        connection.send(b"GET /Plugin.Activate HTTP/1.1\r\nHost:\r\n\r\n");
        assert_eq!(connection.receive().status, 405);
    });
}

/// A host that does not do what it should, for paths below `/srv/odd` or whenever it is asked.
struct Odd {
    resolve: Box<dyn Fn() + Send + Sync>,
    today: Box<dyn Fn() + Send + Sync>,
}

impl Host for Odd {
    fn resolve(&self, path: &HostPath) -> Result<HostPath, String> {
        if path.as_str().starts_with("/srv/odd") {
            (self.resolve)();
        }
        Ok(path.clone())
    }

    fn today(&self) -> Date {
        (self.today)();
        jiff::civil::date(2027, 1, 1)
    }

    fn size(&self) -> HostSize {
        HostSize::default()
    }

    fn has_unified_cgroups(&self) -> bool {
        true
    }

    fn is_swarm_network(&self, _id: &str) -> bool {
        false
    }
}

fn panics() {
    panic_any("a test makes this panic; it is no fault");
}

fn odd_mount() -> Vec<u8> {
    create(&hardened_with("Binds", json!(["/srv/odd:/x"])))
}

/// The preset `default`, enforcing or auditing.
fn default_policy(audit: bool) -> Policy {
    Policy::parse("policy.toml", "", audit, &FakeHost::default()).unwrap()
}

#[test]
fn a_panic_in_a_decision_is_a_refusal_and_costs_nobody_else() {
    for (audit, due) in [(false, "deny"), (true, "would-deny")] {
        let host = Odd {
            resolve: Box::new(panics),
            today: Box::new(|| {}),
        };
        let router = Router::start(default_policy(audit), host);
        let mut connection = Connection::open(&router.socket);
        let reply = connection.ask(AUTHZ_REQ, &odd_mount()).reply();
        assert_eq!(reply.allow, audit);
        if !audit {
            assert_eq!(ids_in(&reply.msg), ["gate-failure"]);
            assert!(reply.msg.contains("send it again"), "{}", reply.msg);
        }
        assert_eq!(
            connection.ask(AUTHZ_REQ, &create(&hardened())).reply(),
            allowed()
        );
        let decisions = router.decisions(2);
        assert_eq!(decisions[0]["verdict"], due);
        assert_eq!(decisions[0]["rules"][0]["rule"], "gate-failure");
        // What was known of the request before is not lost.
        assert_eq!(decisions[0]["route"], "POST /containers/create");
        assert_eq!(decisions[0]["image"], "docker.io/library/alpine:3.20");
        assert_eq!(decisions[1]["verdict"], "allow");
    }
}

#[test]
fn a_panic_outside_of_the_disk_is_a_refusal_too() {
    for audit in [false, true] {
        let host = Odd {
            resolve: Box::new(|| {}),
            today: Box::new(panics),
        };
        let router = Router::start(default_policy(audit), host);
        let mut connection = Connection::open(&router.socket);
        for envelope in [create(&hardened()), odd_mount()] {
            let reply = connection.ask(AUTHZ_REQ, &envelope).reply();
            assert_eq!(reply.allow, audit);
            if !audit {
                assert_eq!(ids_in(&reply.msg), ["gate-failure"]);
            }
        }
        let logged = router.decisions(2);
        assert!(
            logged
                .iter()
                .all(|decision| decision["rules"][0]["rule"] == "gate-failure"),
            "{logged:#?}"
        );
    }
}

#[test]
fn a_path_that_hangs_is_refused_in_the_end_and_holds_nobody_up() {
    // As many as hang, no other may wait: a dead network mount is not to stop a host's Docker.
    const HUNG: usize = 60;
    let gate = Arc::new((Mutex::new(true), Condvar::new()));
    let its_gate = Arc::clone(&gate);
    let host = Odd {
        resolve: Box::new(move || {
            let (closed, opened) = &*its_gate;
            let guard = opened
                .wait_while(closed.lock().unwrap(), |closed| *closed)
                .unwrap();
            drop(guard);
        }),
        today: Box::new(|| {}),
    };
    let router = Router::start(policy(""), host);
    thread::scope(|scope| {
        let hung: Vec<_> = (0..HUNG)
            .map(|_| scope.spawn(|| ask(&router.socket, &odd_mount())))
            .collect();
        thread::sleep(Duration::from_millis(300));
        let begun = Instant::now();
        let mut connection = Connection::open(&router.socket);
        let ping = envelope("GET", "/_ping", None);
        assert_eq!(connection.ask(AUTHZ_REQ, &ping).reply(), allowed());
        assert_eq!(
            connection.ask(AUTHZ_REQ, &create(&hardened())).reply(),
            allowed()
        );
        let privileged = create(&hardened_with("Privileged", json!(true)));
        assert!(!connection.ask(AUTHZ_REQ, &privileged).reply().allow);
        assert_eq!(connection.ask(AUTHZ_RES, &odd_mount()).reply(), allowed());
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "it took {:?}",
            begun.elapsed()
        );
        for hung in hung {
            let reply = hung.join().unwrap();
            assert!(!reply.allow);
            assert_eq!(ids_in(&reply.msg), ["gate-failure"]);
            assert!(reply.msg.contains("it took more than"), "{}", reply.msg);
        }
        *gate.0.lock().unwrap() = false;
        gate.1.notify_all();
    });
}
