use crate::support::{Gated, rules_in};

/// Requests that dockerd 20.10 runs, and what refuses each: one of these ids. `HARDENED` stands for the fields of a
/// compliant `HostConfig`.
pub(crate) const REQUESTS: &[(&str, &str)] = &[
    // dockerd merges both, and is left with a privileged container.
    (
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"Privileged\":true},\"HostConfig\":{\"Init\":true}}",
        "ambiguous-body",
    ),
    (
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"Networ\\u212aMode\":\"host\"}}",
        "ambiguous-body",
    ),
    (
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"privileged\":true}}",
        "privileged",
    ),
    (
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"Privileged\":true}",
        "privileged",
    ),
    (
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED}} {\"x\":1}",
        "unreadable-body",
    ),
    (
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"CapAdd\":\"sys_admin\"}}",
        "added-capabilities",
    ),
    (
        "POST /v1.41/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"Future\":{\"a\":1}}}",
        "unknown-field",
    ),
    (
        "POST /v1.41/%63ontainers%2fcreate json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"PidMode\":\"host\"}}",
        "host-pid",
    ),
    (
        "POST foo://bar/v01.41./containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"UTSMode\":\"host\"}}",
        "host-uts",
    ),
    (
        "POST /containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"NanoCpus\":1}}",
        "ambiguous-body",
    ),
    (
        "POST /v1.39/containers/create json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"CpuQuota\":-1}}",
        "unlimited-cpu",
    ),
    // An engine that only forwards bodies to URIs without this ending.
    (
        "POST /v1.41/containers/create?x=/auth json {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"Privileged\":true}}",
        "privileged",
    ),
    // Over 1 MiB, which some engines hide from their plugins and run.
    (
        "POST /v1.41/containers/create long {\"Image\":\"lockgate/busybox\",\"HostConfig\":{HARDENED,\"Privileged\":true}}",
        "missing-body|privileged",
    ),
    ("POST /v1.41/containers/create none ", "missing-body"),
];

const HARDENED: &str = r#""NetworkMode":"none","CapDrop":["ALL"],"Memory":67108864,"NanoCpus":500000000,"ReadonlyRootfs":true"#;

/// The bytes of a request as `METHOD TARGET KIND BODY`.
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

#[test]
fn requests_that_no_client_writes_are_refused_and_make_nothing() {
    let gated = Gated::start("", false, &[]);
    for (request, id) in REQUESTS {
        let (status, answer) = gated.daemon.raw(&bytes(request));
        assert_eq!(status, 403, "{request}: {answer}");
        let rules = rules_in(&answer);
        assert!(
            id.split('|').any(|id| rules.iter().any(|rule| rule == id)),
            "{request}: {answer}"
        );
    }
    assert_eq!(gated.daemon.containers(), 0);
}

#[test]
fn odd_but_clear_requests_make_what_they_say() {
    let gated = Gated::start("", false, &[]);
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

#[test]
fn a_volume_that_is_a_bind_of_a_sensitive_path_cannot_be_made_for_later() {
    let gated = Gated::start("", false, &[]);
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
