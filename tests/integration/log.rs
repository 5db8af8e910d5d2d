use std::collections::{BTreeMap, BTreeSet};

use lockgate::decision::{Stamp, decide};
use lockgate::policy::Policy;
use lockgate::protocol::AUTHZ_REQ;
use serde_json::{Value, json};

use crate::support::{
    CREATE, Connection, FakeHost, Reply, Serve, create, envelope, envelope_of, hardened,
    hardened_with, is_plain, policy,
};

/// What becomes of an envelope: the line in the log and the message to the caller.
fn traces(envelope: &[u8], policy: &Policy) -> (String, String) {
    let decision = decide(envelope, policy, &FakeHost::default());
    let stamp = Stamp {
        time: "2027-01-01T00:00:00Z".to_owned(),
        id: "1-0".to_owned(),
        micros: 1,
        engine: None,
    };
    let reply: Reply = serde_json::from_slice(&decision.reply().to_json()).unwrap();
    (decision.record(policy, &stamp), reply.msg)
}

fn record(envelope: &[u8], policy: &Policy) -> Value {
    serde_json::from_str(&traces(envelope, policy).0).unwrap()
}

// === What is in a line ===

const IMAGE: &str = "registry.example.com/ops/probe@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const POLICY: &str = "
[rules.host-uts]
mode = \"audit\"
[[exemptions]]
rules = [\"host-pid\"]
users = [\"ops\"]
until = 2999-12-31
reason = \"traces; ticket 1\"
[[exemptions]]
rules = [\"host-ipc\"]
users = [\"ops\"]
until = 2020-12-31
reason = \"shared memory; ticket 2\"
";

#[test]
fn a_line_has_what_the_decision_was_made_from() {
    let served = Serve::new(POLICY).start();
    let mut body = hardened();
    body["Image"] = IMAGE.into();
    for (field, value) in [
        ("PidMode", "host"),
        ("IpcMode", "host"),
        ("UTSMode", "host"),
        ("CgroupParent", "x"),
    ] {
        body["HostConfig"][field] = value.into();
    }
    let body = body.to_string();
    let full = envelope_of(
        "POST",
        CREATE,
        Some(body.as_bytes()),
        Some("ops"),
        &BTreeMap::new(),
    );
    let mut connection = Connection::open(&served.socket());
    assert!(!connection.ask(AUTHZ_REQ, &full).reply().allow);
    let exec = envelope("POST", "/v1.41/containers/web/exec", Some(b"{}"));
    assert!(connection.ask(AUTHZ_REQ, &exec).reply().allow);
    assert!(!connection.ask(AUTHZ_REQ, b"").reply().allow);
    let lines = served.decisions(3);

    let first = &lines[0];
    assert_eq!(first["mode"], "enforce");
    assert_eq!(first["verdict"], "deny");
    assert_eq!(first["route"], "POST /containers/create");
    assert_eq!(first["user"], "ops");
    assert_eq!(first["image"], IMAGE);
    assert_eq!(first["container"], "web");
    assert_eq!(
        first["rules"],
        json!([
            {
                "rule": "host-pid",
                "effect": "exempt",
                "found": "`HostConfig.PidMode` is the host's",
                "exemption": {"reason": "traces; ticket 1", "until": "2999-12-31", "expired": false},
            },
            {
                "rule": "host-ipc",
                "effect": "deny",
                "found": "`HostConfig.IpcMode` is the host's",
                "exemption": {"reason": "shared memory; ticket 2", "until": "2020-12-31", "expired": true},
            },
            {
                "rule": "host-uts",
                "effect": "audit",
                "found": "`HostConfig.UTSMode` is the host's",
            },
            {
                "rule": "cgroup-parent",
                "effect": "deny",
                "found": "`HostConfig.CgroupParent` is `x`",
            },
        ])
    );
    assert_eq!(
        first["policy"]["name"],
        served.at("policy.toml").to_str().unwrap()
    );
    assert_eq!(first["policy"]["preset"], "default");
    let digest = first["policy"]["digest"].as_str().unwrap();
    assert!(
        digest.len() == "sha256:".len() + 64 && digest.starts_with("sha256:"),
        "{digest}"
    );

    // A call that no rule looks into, and a request without any content.
    assert_eq!(lines[1]["verdict"], "allow");
    assert_eq!(lines[1]["route"], "POST /containers/{name}/exec");
    assert_eq!(lines[1]["user"], Value::Null);
    assert_eq!(lines[1]["rules"], json!([]));
    assert_eq!(lines[2]["route"], Value::Null);
    assert_eq!(lines[2]["rules"][0]["rule"], "unreadable-envelope");

    assert_stamped(&lines);
}

/// Every line has the same fields, an id of its own, and a time that fits.
fn assert_stamped(lines: &[Value]) {
    let keys = [
        "container",
        "id",
        "image",
        "micros",
        "mode",
        "policy",
        "route",
        "rules",
        "time",
        "user",
        "verdict",
    ];
    let mut ids = BTreeSet::new();
    let mut last = None;
    for line in lines {
        let found: BTreeSet<&str> = line
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(found, BTreeSet::from(keys));
        assert!(ids.insert(line["id"].as_str().unwrap()), "an id came twice");
        assert!(line["micros"].as_u64().unwrap() < 10_000_000, "{line}");
        let time = line["time"].as_str().unwrap();
        assert!(time.ends_with('Z') && time.len() == "2026-01-01T00:00:00.000000Z".len());
        let time: jiff::Timestamp = time.parse().unwrap();
        let age = jiff::Timestamp::now().duration_since(time);
        assert!(age.as_secs().abs() < 60, "{time}");
        assert!(last.replace(time).is_none_or(|last| last <= time));
    }
}

#[test]
fn two_runs_share_no_id() {
    let ids = || {
        let served = Serve::new("").start();
        for _ in 0..3 {
            served.ask(b"");
        }
        let ids: Vec<String> = served
            .decisions(3)
            .iter()
            .map(|line| line["id"].as_str().unwrap().to_owned())
            .collect();
        ids
    };
    let all: BTreeSet<String> = ids().into_iter().chain(ids()).collect();
    assert_eq!(all.len(), 6);
}

#[test]
fn the_mode_of_the_line_is_the_policys() {
    let audit = Policy::parse("policy.toml", "", true, &FakeHost::default()).unwrap();
    let line = record(&create(&hardened_with("PidMode", json!("host"))), &audit);
    assert_eq!(line["mode"], "audit");
    assert_eq!(line["verdict"], "would-deny");
    assert_eq!(line["rules"][0]["effect"], "deny");
    let line = record(&create(&hardened()), &audit);
    assert_eq!(
        (&line["mode"], &line["verdict"]),
        (&json!("audit"), &json!("allow"))
    );
}

#[test]
fn a_request_that_breaks_a_rule_many_times_leaves_a_short_trace() {
    let binds: Vec<String> = (0..500).map(|n| format!("/etc/{n}:/x/{n}")).collect();
    let body = create(&hardened_with("Binds", json!(binds)));
    let (line, message) = traces(&body, &policy(""));
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["rules"].as_array().unwrap().len(), 100);
    assert_eq!(line["more"], 400);
    assert!(message.lines().count() <= 42, "{message}");
    assert!(message.ends_with("and 460 more"), "{message}");
    let long = "x".repeat(3000);
    let (line, message) = traces(
        &create(&hardened_with("CgroupParent", json!(long))),
        &policy(""),
    );
    assert!(line.len() < 1500 && message.len() < 1500, "{message}");
}

// === What is never in a line, nor in a message ===

const SECRET: &str = "hunter2";

/// A secret that a client sends as a number by mistake.
const NUMBER: u32 = 271_828_182;

/// Refuses, so that there is a message, and lets each rule look.
const STRICT: &str = "preset = \"anssi\"
[rules.no-logging]
drivers = [\"journald\"]
[rules.wide-ports]
mode = \"deny\"
[rules.foreign-image]
mode = \"deny\"
digest = true
";

fn assert_no_secret(envelope: &[u8]) {
    for policy in [policy(STRICT), policy("mode = \"audit\"")] {
        let (line, message) = traces(envelope, &policy);
        for text in [&line, &message] {
            assert!(
                !text.contains(SECRET) && !text.contains(&NUMBER.to_string()),
                "{text}\nof {}",
                String::from_utf8_lossy(envelope)
            );
        }
    }
}

#[test]
fn what_a_create_carries_for_its_program_is_no_trace() {
    let mut body = hardened();
    body["Env"] = json!(["PASSWORD=hunter2", "hunter2"]);
    body["Labels"] = json!({"token": "hunter2"});
    body["Cmd"] = json!(["login", "--password", "hunter2"]);
    body["Entrypoint"] = json!("hunter2");
    body["Shell"] = json!(["hunter2"]);
    body["OnBuild"] = json!(["ENV hunter2"]);
    body["Healthcheck"] = json!({"Test": ["CMD", "curl", "-u", "a:hunter2"]});
    body["authConfig"] = json!({"username": "a", "password": "hunter2"});
    body["HostConfig"]["LogConfig"] = json!({"Type": "splunk", "Config": {"splunk-token": SECRET}});
    body["HostConfig"]["Annotations"] = json!({"note": "hunter2"});
    body["HostConfig"]["Sysctls"] = json!({"kernel.domainname": "hunter2"});
    body["HostConfig"]["StorageOpt"] = json!({"size": "hunter2"});
    body["HostConfig"]["ExtraHosts"] = json!(["hunter2:192.0.2.1"]);
    body["HostConfig"]["SecurityOpt"] = json!([
        "credentialspec=hunter2",
        "seccomp={\"comment\":\"hunter2\"}",
    ]);
    body["HostConfig"]["Future"] = json!({"token": "hunter2"});
    body["HostConfig"]["Mounts"] = json!([
        {"Type": "volume", "VolumeOptions": {"DriverConfig": {"Name": "rexray", "Options": {"password": SECRET}}}},
        {"Type": "volume", "VolumeOptions": {"Labels": {"a": SECRET}, "DriverConfig": {"Name": "local",
            "Options": {"type": "cifs", "device": "//192.0.2.1/x", "o": "username=a,password=hunter2"}}}},
        {"Type": "volume", "VolumeOptions": {"DriverConfig": {"Name": "local",
            "Options": {"type": "smbfs", "device": "//192.0.2.1/x", "o": "password=hunter2"}}}},
        {"Type": "volume", "VolumeOptions": {"DriverConfig": {"Name": "local",
            "Options": {"type": "none", "device": "/etc", "o": "bind,password=hunter2"}}}},
        {"Type": "volume", "VolumeOptions": {"DriverConfig": {"Name": "local",
            "Options": {"type": "tmpfs", "device": "x", "o": "remount,password=hunter2"}}}},
    ]);
    body["NetworkingConfig"] = json!({"EndpointsConfig": {"host": {"DriverOpts": {"token": "hunter2"}, "Future": SECRET}}});
    let headers = [
        ("X-Registry-Auth", "hunter2"),
        ("X-Registry-Config", "hunter2"),
        ("Authorization", "Bearer hunter2"),
        ("Cookie", "hunter2"),
        ("User-Agent", "hunter2"),
    ];
    let headers = headers
        .iter()
        .map(|(name, value)| (ToString::to_string(name), ToString::to_string(value)))
        .collect();
    let uri = "/v1.41/containers/create?name=web&token=hunter2";
    let body = body.to_string();
    let envelope = envelope_of("POST", uri, Some(body.as_bytes()), None, &headers);
    assert_no_secret(&envelope);
    // It was read, and refused for many reasons.
    let found = record(&envelope, &policy(STRICT));
    assert!(found["rules"].as_array().unwrap().len() > 8, "{found:#}");
}

#[test]
fn errors_of_types_do_not_quote_the_value() {
    for path in [
        "/HostConfig",
        "/NetworkDisabled",
        "/NetworkingConfig",
        "/NetworkingConfig/EndpointsConfig",
        "/NetworkingConfig/EndpointsConfig/a",
        "/NetworkingConfig/EndpointsConfig/a/DriverOpts",
        "/HostConfig/Memory",
        "/HostConfig/PidsLimit",
        "/HostConfig/Privileged",
        "/HostConfig/OomKillDisable",
        "/HostConfig/Binds",
        "/HostConfig/Mounts",
        "/HostConfig/Devices",
        "/HostConfig/DeviceRequests",
        "/HostConfig/LogConfig",
        "/HostConfig/Sysctls",
        "/HostConfig/PortBindings",
        "/HostConfig/SecurityOpt",
        "/HostConfig/MaskedPaths",
    ] {
        let mut body = hardened();
        let (mut parent, name) = (&mut body, path.rsplit_once('/').unwrap());
        for part in name.0.split('/').skip(1) {
            parent = &mut parent[part];
            if parent.is_null() {
                *parent = json!({});
            }
        }
        parent[name.1] = SECRET.into();
        assert_no_secret(&create(&body));
        let line = record(&create(&body), &policy(""));
        assert_eq!(line["rules"][0]["rule"], "unreadable-body", "{path}");
    }
    for (field, value) in [
        ("Mounts", json!([SECRET])),
        ("Devices", json!([SECRET])),
        ("DeviceRequests", json!([{"Capabilities": [SECRET]}])),
        ("PortBindings", json!({"80/tcp": SECRET})),
        ("PortBindings", json!({"80/tcp": [SECRET]})),
        ("Mounts", json!([{"VolumeOptions": SECRET}])),
        (
            "Mounts",
            json!([{"VolumeOptions": {"DriverConfig": SECRET}}]),
        ),
        (
            "Mounts",
            json!([{"VolumeOptions": {"DriverConfig": {"Options": SECRET}}}]),
        ),
        // A secret of digits, where a text is due.
        (
            "Mounts",
            json!([{"VolumeOptions": {"DriverConfig": {"Options": {"password": NUMBER}}}}]),
        ),
        (
            "Mounts",
            json!([{"VolumeOptions": {"DriverConfig": {"Options": {"password": -i64::from(NUMBER)}}}}]),
        ),
        ("Annotations", json!({"token": NUMBER})),
        ("Binds", json!([NUMBER])),
        ("CapAdd", json!([NUMBER])),
        ("CapAdd", json!(NUMBER)),
        ("NetworkMode", json!(NUMBER)),
    ] {
        assert_no_secret(&create(&hardened_with(field, value)));
    }
}

#[test]
fn bodies_that_are_no_json_are_not_quoted() {
    for body in [
        r#"{"Env":["PASSWORD=hunter2"#,
        r#"{"Env":["PASSWORD=hunter2\q"]}"#,
        r#"{"Env":["hunter2"],"env":["hunter2"]}"#,
        r#"{"Env":["hunter2"]}hunter2"#,
        r#"{"Labels":{"hunter2":"hunter2","hunter2":"hunter2"}}"#,
        "hunter2",
        "\"hunter2\"",
        "[\"hunter2\"]",
    ] {
        assert_no_secret(&envelope("POST", CREATE, Some(body.as_bytes())));
    }
    for raw in [
        r#"{"RequestMethod":"POST","RequestUri":"/v1.41/containers/create","RequestBody":"hunter2"}"#,
        r#"{"RequestMethod":"POST","RequestUri":"/x","RequestHeaders":{"X-Registry-Auth":"hunter2"#,
        r#"{"RequestMethod":"POST","RequestUri":"/x","RequestHeaders":"hunter2"}"#,
        r#"{"RequestMethod":"POST","RequestUri":"/x","RequestHeaders":{"X-Registry-Auth":271828182}}"#,
        r#"{"RequestMethod":"POST","RequestUri":"/x","ResponseStatusCode":"hunter2"}"#,
        r#""hunter2""#,
    ] {
        assert_no_secret(raw.as_bytes());
    }
}

#[test]
fn other_calls_leave_their_route_and_nothing_of_what_they_carry() {
    let body = br#"{"username":"a","password":"hunter2","Data":"hunter2","Env":["hunter2"],"JoinToken":"hunter2"}"#;
    for (method, uri) in [
        ("POST", "/v1.41/auth"),
        ("POST", "/v1.41/secrets/create"),
        ("POST", "/v1.41/configs/create"),
        ("POST", "/v1.41/containers/web/exec"),
        ("POST", "/v1.41/swarm/join"),
        ("POST", "/v1.41/swarm/unlock"),
        ("POST", "/v1.41/volumes/create"),
        (
            "POST",
            "/v1.41/build?buildargs=%7B%22TOKEN%22%3A%22hunter2%22%7D",
        ),
        (
            "POST",
            "/v1.41/images/create?fromSrc=http://a:hunter2@example.com/x.tar",
        ),
        (
            "POST",
            "/v1.41/build?remote=https://hunter2@example.com/x.git;x",
        ),
        ("GET", "/v1.41/containers/json?filters=hunter2"),
        ("GET", "/v1.41/info#hunter2"),
        ("GET", "/v1.41/unknown?token=hunter2"),
        ("POST", "/v1.41/unknown?token=hunter2"),
        ("GET", "/v1.41/%zzhunter2"),
        ("POST", "https://a:hunter2@docker/v1.41/auth"),
        ("POST", "hunter2"),
    ] {
        assert_no_secret(&envelope(method, uri, Some(body)));
    }
}

// === Text of the caller ===

/// Escape sequences, line ends that would forge a line, and what turns the direction of writing.
const FORGED: &str =
    "a\u{1b}[31m\r\n{\"verdict\":\"allow\"}\u{9b}2J\u{202e}\u{2066}\u{200b}\u{61c}\u{2028}\u{7f}\0";

#[test]
fn text_of_the_caller_cannot_move_a_terminal_or_forge_a_line() {
    let mut body = hardened();
    body["Image"] = FORGED.into();
    body["User"] = format!("root:{FORGED}").into();
    body[FORGED] = 1.into();
    let host = &mut body["HostConfig"];
    host[FORGED] = 1.into();
    for field in ["NetworkMode", "PidMode", "IpcMode", "UTSMode"] {
        host[field] = format!("container:{FORGED}").into();
    }
    for field in ["CgroupParent", "Runtime", "VolumeDriver"] {
        host[field] = FORGED.into();
    }
    host["LogConfig"] = json!({"Type": FORGED});
    host["Annotations"] = json!({FORGED: "x"});
    host["Sysctls"] = json!({FORGED: "x"});
    host["Tmpfs"] = json!({FORGED: FORGED});
    for field in ["CapAdd", "GroupAdd", "DeviceCgroupRules", "VolumesFrom"] {
        host[field] = json!([FORGED]);
    }
    host["Binds"] = json!([
        format!("/etc/{}:/x", FORGED.replace(['\0', ':'], "")),
        format!("/etc:{FORGED}:{FORGED}:{FORGED}"),
        FORGED,
    ]);
    host["Mounts"] = json!([{"Type": FORGED}, {"Type": "bind", "Source": FORGED, "BindOptions": {"Propagation": FORGED}},
        {"Type": "volume", "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"type": FORGED, "device": FORGED}}}}]);
    host["Devices"] = json!([{"PathOnHost": format!("/dev/{}", FORGED.replace('\0', "")), "CgroupPermissions": FORGED}]);
    host["DeviceRequests"] = json!([{"Driver": FORGED}]);
    host["SecurityOpt"] = json!([
        format!("apparmor={FORGED}"),
        format!("label={FORGED}"),
        FORGED
    ]);
    host["PortBindings"] = json!({FORGED: [{"HostIp": FORGED, "HostPort": FORGED}]});
    body["NetworkingConfig"] = json!({"EndpointsConfig": {FORGED: {"NetworkID": "host", FORGED: 1,
        "DriverOpts": {"com.docker.network.endpoint.sysctls": FORGED}}}});
    let body = body.to_string();
    let name = "a%1b%5b31m%0d%0ab%e2%80%ae%00";
    let uri = format!("/v1.41/containers/create?name={name}");
    let whole = envelope_of(
        "POST",
        &uri,
        Some(body.as_bytes()),
        Some(FORGED),
        &BTreeMap::new(),
    );
    let strict = policy(&format!(
        "{STRICT}[rules.shared-namespaces]\nmode = \"deny\"\n"
    ));
    for envelope in [
        whole,
        // Reading problems quote paths of the body.
        envelope(
            "POST",
            CREATE,
            Some(format!(r#"{{"HostConfig":{{{f}:1,{f}:1}}}}"#, f = json!(FORGED)).as_bytes()),
        ),
        envelope(
            "POST",
            CREATE,
            Some(
                format!(
                    r#"{{"HostConfig":{{"Sysctls":{{{f}:1}}}}}}"#,
                    f = json!(FORGED)
                )
                .as_bytes(),
            ),
        ),
        envelope(FORGED, FORGED, None),
        envelope("GET", &format!("/{FORGED}"), None),
        FORGED.as_bytes().to_vec(),
    ] {
        let (line, message) = traces(&envelope, &strict);
        assert!(is_plain(&line), "{line:?}");
        let parsed: Value = serde_json::from_str(&line).unwrap();
        assert!(all_plain(&parsed), "{parsed:#}");
        assert!(message.lines().all(is_plain), "{message:?}");
        // Every line of a refusal but the first is one of ours.
        assert!(
            message
                .split('\n')
                .skip(1)
                .all(|line| line.starts_with("  ")),
            "{message:?}"
        );
        assert!(
            !envelope.starts_with(b"{") || parsed["verdict"] != "allow",
            "{parsed:#}"
        );
    }
}

/// Whether every text of a value is plain, once a reader of the log has decoded it.
fn all_plain(value: &Value) -> bool {
    match value {
        Value::String(text) => is_plain(text),
        Value::Array(values) => values.iter().all(all_plain),
        Value::Object(map) => map
            .iter()
            .all(|(key, value)| is_plain(key) && all_plain(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}
