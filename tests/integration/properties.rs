mod dangers; // A danger more never makes a refused request allowed.
mod spellings; // No way to write a request down makes a refused one allowed.
mod strictness; // A stricter policy never allows more.

use std::fmt;
use std::sync::LazyLock;

use lockgate::decision::{Outcome, decide};
use lockgate::policy::{PRESETS, Policy};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::support::{CREATE, FakeHost, Reply, create, envelope, hardened};

/// A preset, enforcing and auditing.
struct Preset {
    name: &'static str,
    enforce: Policy,
    audit: Policy,
}

/// Its name says all of it.
impl fmt::Debug for Preset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

static ALL: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    let host = FakeHost::default();
    let parse = |name: &str, audit| {
        Policy::parse("policy.toml", &format!("preset = \"{name}\""), audit, &host).unwrap()
    };
    PRESETS
        .iter()
        .map(|preset| Preset {
            name: preset.name,
            enforce: parse(preset.name, false),
            audit: parse(preset.name, true),
        })
        .collect()
});

fn presets() -> impl Strategy<Value = &'static Preset> {
    (0..PRESETS.len()).prop_map(|at| &ALL[at])
}

fn outcome(envelope: &[u8], policy: &Policy) -> Outcome {
    let decision = decide(envelope, policy, &FakeHost::default());
    let reply: Reply = serde_json::from_slice(&decision.reply().to_json()).unwrap();
    let outcome = decision.verdict().outcome();
    assert_eq!(reply.allow, outcome != Outcome::Deny);
    outcome
}

/// Settings of a create, harmless ones and dangerous ones, by field; `/` goes to the top level.
const SETTINGS: &[(&str, &str)] = &[
    ("CapAdd", r#"["SYS_ADMIN"]"#),
    ("CapAdd", r#"["ALL"]"#),
    ("CapDrop", r#"["ALL"]"#),
    ("CapDrop", r#"["NET_RAW"]"#),
    ("NetworkMode", r#""none""#),
    ("NetworkMode", r#""host""#),
    ("NetworkMode", r#""container:other""#),
    ("PidMode", r#""host""#),
    ("IpcMode", r#""private""#),
    ("IpcMode", r#""host""#),
    ("UTSMode", r#""host""#),
    ("UsernsMode", r#""host""#),
    ("CgroupnsMode", r#""host""#),
    ("CgroupParent", r#""../..""#),
    ("Memory", "67108864"),
    ("Memory", "-1"),
    ("MemorySwap", "67108864"),
    ("MemorySwap", "-1"),
    ("NanoCpus", "500000000"),
    ("NanoCpus", "1"),
    ("CpuQuota", "-1"),
    ("CpuRealtimeRuntime", "1000"),
    ("PidsLimit", "64"),
    ("PidsLimit", "-1"),
    ("ReadonlyRootfs", "true"),
    ("Privileged", "true"),
    ("Binds", r#"["/etc:/x"]"#),
    ("Binds", r#"["/srv/data:/x:rshared"]"#),
    ("Mounts", r#"[{"Type":"bind","Source":"/","Target":"/x"}]"#),
    ("VolumesFrom", r#"["other"]"#),
    ("VolumeDriver", r#""rexray""#),
    ("Devices", r#"[{"PathOnHost":"/dev/sda"}]"#),
    ("DeviceCgroupRules", r#"["b *:* rwm"]"#),
    ("DeviceRequests", r#"[{"Count":-1}]"#),
    ("SecurityOpt", r#"["no-new-privileges"]"#),
    (
        "SecurityOpt",
        r#"["seccomp=unconfined","apparmor=unconfined","label=disable"]"#,
    ),
    ("MaskedPaths", "[]"),
    ("ReadonlyPaths", "[]"),
    ("Tmpfs", r#"{"/tmp":"size=1m"}"#),
    ("Tmpfs", r#"{"/sys/":"remount,rw"}"#),
    ("GroupAdd", r#"["docker"]"#),
    ("PublishAllPorts", "true"),
    (
        "PortBindings",
        r#"{"80/tcp":[{"HostIp":"","HostPort":"80"}]}"#,
    ),
    ("LogConfig", r#"{"Type":"none"}"#),
    ("Sysctls", r#"{"kernel.core_pattern":"|/x"}"#),
    ("OomKillDisable", "true"),
    ("OomScoreAdj", "-1000"),
    ("Runtime", r#""mine""#),
    ("Annotations", r#"{"a":"b"}"#),
    ("Teleport", "true"),
    ("RestartPolicy", r#"{"Name":"always"}"#),
    ("/User", r#""1000:1000""#),
    ("/User", r#""0""#),
    ("/Teleport", "true"),
    ("/Env", r#"["A=b"]"#),
    ("/NetworkDisabled", "true"),
    ("/NetworkingConfig", r#"{"EndpointsConfig":{"host":{}}}"#),
];

fn put(body: &mut Value, (field, value): (&str, &str)) {
    let value: Value = serde_json::from_str(value).unwrap();
    match field.strip_prefix('/') {
        Some(field) => body[field] = value,
        None => body["HostConfig"][field] = value,
    }
}

/// A create of any of the settings, over nothing or over a hardened one.
fn creates() -> impl Strategy<Value = Value> {
    let base = select(vec![
        json!({"Image": "alpine", "HostConfig": {}}),
        hardened(),
    ]);
    let few = subsequence(SETTINGS, 0..6);
    let many = subsequence(SETTINGS, 0..SETTINGS.len());
    (base, prop_oneof![few, many]).prop_map(|(mut body, settings)| {
        for setting in settings {
            put(&mut body, setting);
        }
        body
    })
}

/// Something that happens to the bytes of a message on its way.
#[derive(Debug, Clone)]
enum Damage {
    Cut(Index),
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index),
    Append(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![any::<u8>(), select(b"{}[]\",:\\0\x00\xff".to_vec())];
    let bytes = vec(byte.clone(), 1..6);
    prop_oneof![
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), byte).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        (any::<Index>(), bytes.clone()).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        any::<Index>().prop_map(Damage::Remove),
        bytes.prop_map(Damage::Append),
    ]
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        match damage {
            Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Damage::Replace(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Damage::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Damage::Remove(at) => {
                bytes.remove(at.index(bytes.len()));
            }
            Damage::Append(more) => bytes.extend(more),
        }
    }
    bytes
}

/// Envelopes in any state: noise, of any text, or whole ones that were damaged.
fn envelopes() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        select(vec!["GET", "POST", "PUT", "DELETE", "HEAD"]),
        Just("post")
    ];
    let uri = prop_oneof![
        Just(CREATE.to_owned()),
        "\\PC{0,40}",
        "(/v[0-9.]{1,6})?/(containers|images|build)(/[a-z%2F.#?;]{0,12}){0,3}",
    ];
    let of_text = (method, uri, prop::option::of(vec(any::<u8>(), 0..200)))
        .prop_map(|(method, uri, body)| envelope(method, &uri, body.as_deref()));
    let of_creates = (creates(), vec(damage(), 0..4))
        .prop_map(|(body, damages)| damaged(create(&body), &damages));
    prop_oneof![vec(any::<u8>(), 0..300), of_text, of_creates]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_a_decision_and_audit_never_refuses(
        envelope in envelopes(),
        preset in presets(),
    ) {
        let enforced = outcome(&envelope, &preset.enforce);
        let audited = outcome(&envelope, &preset.audit);
        prop_assert_ne!(audited, Outcome::Deny);
        // The audit week tells the truth about the day after it.
        prop_assert_eq!(audited == Outcome::Allow, enforced == Outcome::Allow);
    }

    #[test]
    fn a_create_that_is_no_json_is_refused(
        body in prop_oneof![
            vec(any::<u8>(), 1..200),
            (creates(), vec(damage(), 1..4))
                .prop_map(|(body, damages)| damaged(body.to_string().into_bytes(), &damages)),
        ],
        preset in presets(),
    ) {
        // Only whether it is JSON; that a text in it is UTF-8 is another matter where nobody looks.
        prop_assume!(serde_json::from_slice::<IgnoredAny>(&body).is_err());
        let decision = decide(
            &envelope("POST", CREATE, Some(&body)),
            &preset.enforce,
            &FakeHost::default(),
        );
        prop_assert_eq!(decision.verdict().outcome(), Outcome::Deny);
        prop_assert!(
            decision.verdict().judged().iter().any(|judged| judged.is_problem),
            "{:?}", decision.verdict()
        );
    }

    #[test]
    fn a_key_given_twice_never_makes_a_create_allowed(
        body in creates(),
        at in any::<Index>(),
        preset in presets(),
    ) {
        let host = body["HostConfig"].as_object().unwrap();
        prop_assume!(!host.is_empty());
        let key = host.keys().nth(at.index(host.len())).unwrap();
        let text = body.to_string().replacen("\"HostConfig\":{", &format!("\"HostConfig\":{{\"{key}\":null,"), 1);
        prop_assert_eq!(
            outcome(&envelope("POST", CREATE, Some(text.as_bytes())), &preset.enforce),
            Outcome::Deny
        );
    }
}

#[test]
fn nesting_of_any_depth_is_a_refusal_and_no_crash() {
    let body = hardened().to_string();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = 500_000;
        let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        for (at, ids) in [
            ("\"HostConfig\":{", vec!["unknown-field"]),
            ("{", vec!["unknown-field"]),
        ] {
            let text = body.replacen(at, &format!("{at}\"Teleport\":{nested},"), 1);
            let decision = decide(
                &envelope("POST", CREATE, Some(text.as_bytes())),
                &ALL[0].enforce,
                &FakeHost::default(),
            );
            assert_eq!(decision.verdict().denying(), ids);
        }
        for text in [
            body.replacen(
                "\"HostConfig\":{",
                &format!("\"HostConfig\":{{\"Binds\":{nested},"),
                1,
            ),
            body.replacen(
                "\"HostConfig\":{",
                &format!("\"HostConfig\":{nested},\"Labels\":{{"),
                1,
            ),
            nested.clone(),
            open.repeat(depth),
        ] {
            let decision = decide(
                &envelope("POST", CREATE, Some(text.as_bytes())),
                &ALL[0].enforce,
                &FakeHost::default(),
            );
            assert_eq!(decision.verdict().outcome(), Outcome::Deny);
        }
        let envelope =
            format!("{{\"RequestMethod\":\"GET\",\"RequestUri\":\"/info\",\"Later\":{nested}}}");
        let decision = decide(envelope.as_bytes(), &ALL[0].enforce, &FakeHost::default());
        assert_eq!(decision.verdict().outcome(), Outcome::Allow);
    }
}
