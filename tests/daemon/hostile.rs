use crate::support::{Engine, Gated, on_each_engine, rules_in};

on_each_engine! {
    requests_that_no_client_writes_are_refused_and_make_nothing,
    odd_but_clear_requests_make_what_they_say,
    a_volume_that_is_a_bind_of_a_sensitive_path_cannot_be_made_for_later,
}

/// A request that no client writes.
pub(crate) struct Request {
    /// For `bytes`.
    pub(crate) text: &'static str,
    /// What refuses it, on each engine.
    pub(crate) rule: [&'static str; 3],
    /// The status that each engine answers when nothing refuses it.
    pub(crate) ungated: [u16; 3],
}

/// One that every engine makes a container of.
const fn made(rule: &'static str, text: &'static str) -> Request {
    Request {
        text,
        rule: [rule; 3],
        ungated: [201; 3],
    }
}

pub(crate) const REQUESTS: &[Request] = &[
    // dockerd merges both, and is left with a privileged container.
    made(
        "ambiguous-body",
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"Privileged\":true},\"HostConfig\":{\"Init\":true}}",
    ),
    made(
        "ambiguous-body",
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"Networ\\u212aMode\":\"host\"}}",
    ),
    made(
        "privileged",
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"privileged\":true}}",
    ),
    made(
        "privileged",
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"Privileged\":true}",
    ),
    // Newer engines read to the end of the body.
    Request {
        text: "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED}} {\"x\":1}",
        rule: ["unreadable-body"; 3],
        ungated: [201, 400, 400],
    },
    made(
        "added-capabilities",
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"CapAdd\":\"sys_admin\"}}",
    ),
    made(
        "unknown-field",
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"Future\":{\"a\":1}}}",
    ),
    made(
        "host-pid",
        "POST /v1.41/%63ontainers%2fcreate json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"PidMode\":\"host\"}}",
    ),
    made(
        "host-uts",
        "POST foo://bar/v01.41./containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"UTSMode\":\"host\"}}",
    ),
    made(
        "ambiguous-body",
        "POST /containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"NanoCpus\":1}}",
    ),
    made(
        "unlimited-cpu",
        "POST /v1.39/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"CpuQuota\":-1}}",
    ),
    // An engine that only forwards bodies to URIs without this ending.
    made(
        "privileged",
        "POST /v1.41/containers/create?x=/auth json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"Privileged\":true}}",
    ),
    // Over 1 MiB, which 20.10 hides from its plugins and runs.
    Request {
        text: "POST /v1.41/containers/create long {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"Privileged\":true}}",
        rule: ["missing-body", "privileged", "privileged"],
        ungated: [201; 3],
    },
    Request {
        text: "POST /v1.41/containers/create none ",
        rule: ["missing-body"; 3],
        ungated: [500, 400, 400],
    },
];

const HARDENED: &str = r#""NetworkMode":"none","CapDrop":["ALL"],"Memory":67108864,"NanoCpus":500000000,"ReadonlyRootfs":true"#;

/// The bytes of a request that is written as `METHOD TARGET KIND BODY`. `HARDENED` stands for the
/// fields of a compliant `HostConfig`.
pub(crate) fn bytes(request: &str) -> Vec<u8> {
    let mut parts = request.splitn(4, ' ');
    let mut part = || parts.next().unwrap();
    let (method, target, kind, body) = (part(), part(), part(), part());
    let mut body = body.replace("HARDENED", HARDENED);
    if kind == "long" {
        body.push_str(&" ".repeat(1_100_000));
    }
    format!(
        "{method} {target} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn requests_that_no_client_writes_are_refused_and_make_nothing(engine: Engine) {
    let gated = Gated::start(engine, "", false, &[]);
    for request in REQUESTS {
        let (status, answer) = gated.daemon.raw(&bytes(request.text));
        assert_eq!(status, 403, "{}: {answer}", request.text);
        let rules = rules_in(&answer);
        let rule = engine.pick(request.rule);
        assert!(
            rules.iter().any(|named| named == rule),
            "{}: {answer}",
            request.text
        );
    }
    assert_eq!(gated.daemon.containers(), 0);
}

fn odd_but_clear_requests_make_what_they_say(engine: Engine) {
    let gated = Gated::start(engine, "", false, &[]);
    let user = r#""User":"65534""#;
    for target in [
        "/v1.41/containers/create",
        "/containers/create",
        "/v1.41/%63ontainers/create",
        "http://docker/v01.41./containers/create?name=odd",
    ] {
        let request = format!(
            "POST {target} json {{\"Image\":\"lockgate/busybox\",{user},\"Later\":null,\"HostConfig\":{{HARDENED,\"Later\":0}}}}"
        );
        let (status, answer) = gated.daemon.raw(&bytes(&request));
        assert_eq!(status, 201, "{target}: {answer}");
    }
    assert_eq!(gated.daemon.containers(), 4);
}

fn a_volume_that_is_a_bind_of_a_sensitive_path_cannot_be_made_for_later(engine: Engine) {
    let gated = Gated::start(engine, "", false, &[]);
    let create = |name: &str, options: &[&str]| {
        let mut arguments = vec!["volume", "create"];
        for option in options {
            arguments.extend(["--opt", option]);
        }
        arguments.push(name);
        gated.daemon.docker(&arguments)
    };
    let refused = create("etc", &["type=none", "o=bind", "device=/etc"]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(rules_in(&message), ["host-paths", "gate-tampering"]);
    assert!(message.contains("refuse this volume"), "{message}");
    assert!(create("plain", &[]).status.success());
    let list = gated.daemon.docker(&["volume", "ls", "--quiet"]);
    assert_eq!(String::from_utf8_lossy(&list.stdout), "plain\n");
}
