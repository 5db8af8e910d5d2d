use std::collections::BTreeSet;
use std::fmt::Write as _;

use lockgate::decision::Outcome;
use lockgate::policy::{CATALOG, PRESETS, Policy};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::dangers::asked;
use super::{creates, outcome};
use crate::support::{FakeHost, create};

/// How an option of a rule is made stricter.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A list of what is allowed: shorter is stricter.
    Allows(&'static [&'static str]),
    /// A list of what is allowed, where an empty one allows everything.
    AllowsOrAll(&'static [&'static str]),
    /// A list of what is refused: longer is stricter.
    Refuses(&'static [&'static str]),
    /// A largest value, from small to large: smaller is stricter, and none is no bound.
    Bounds(&'static [&'static str]),
    /// A switch: this position is the stricter one.
    Switch(bool),
}

/// Every option of every rule, with values in TOML that make a difference to the requests here.
const OPTIONS: &[(&str, &str, Kind)] = &[
    (
        "added-capabilities",
        "allow",
        Kind::Allows(&["\"NET_RAW\"", "\"SYS_ADMIN\"", "\"NET_BIND_SERVICE\""]),
    ),
    (
        "added-capabilities",
        "sensitive",
        Kind::Refuses(&["\"NET_RAW\"", "\"SYS_ADMIN\"", "\"NET_BIND_SERVICE\""]),
    ),
    (
        "host-network",
        "interfaces",
        Kind::Allows(&["\"eth0\"", "\"br0\""]),
    ),
    (
        "unlimited-memory",
        "max",
        Kind::Bounds(&["\"32MiB\"", "\"64MiB\"", "\"8GiB\""]),
    ),
    ("unlimited-swap", "explicit", Kind::Switch(true)),
    ("unlimited-cpu", "max", Kind::Bounds(&["0.005", "0.5", "4"])),
    ("unlimited-pids", "max", Kind::Bounds(&["10", "64", "1000"])),
    (
        "host-paths",
        "sensitive",
        Kind::Refuses(&["\"/etc\"", "\"/srv\"", "\"/\"", "\"/dev\""]),
    ),
    (
        "host-paths",
        "allow",
        Kind::Allows(&[
            "\"/etc\"",
            "\"/srv/data:ro\"",
            "\"/srv\"",
            "\"/run/docker.sock\"",
        ]),
    ),
    (
        "host-paths",
        "volume-drivers",
        Kind::Allows(&["\"rexray\"", "\"mine\""]),
    ),
    ("host-paths", "volumes-from", Kind::Switch(false)),
    (
        "docker-socket",
        "sockets",
        Kind::Refuses(&["\"/run/docker.sock\"", "\"/srv/data\"", "\"/etc\""]),
    ),
    (
        "host-devices",
        "allow",
        Kind::Allows(&["\"/dev/sda\"", "\"/dev/mem:r\"", "\"/dev\""]),
    ),
    ("host-devices", "requests", Kind::Allows(&["\"gpu\""])),
    (
        "unconfined-seccomp",
        "profiles",
        // The digest of `{}`.
        Kind::Allows(&[
            "\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"",
        ]),
    ),
    (
        "unconfined-apparmor",
        "profiles",
        Kind::Allows(&["\"docker-default\"", "\"mine\""]),
    ),
    (
        "unconfined-selinux",
        "types",
        Kind::Allows(&["\"container_t\"", "\"mine_t\""]),
    ),
    ("new-privileges", "daemon-default", Kind::Switch(false)),
    ("wide-ports", "allow", Kind::Allows(&["22", "80", "443"])),
    ("opaque-build", "classic", Kind::Switch(true)),
    (
        "no-logging",
        "drivers",
        Kind::AllowsOrAll(&["\"json-file\"", "\"syslog\""]),
    ),
    (
        "kernel-settings",
        "allow",
        Kind::Allows(&["\"kernel.core_pattern\"", "\"net.ipv4.ip_forward\""]),
    ),
    (
        "foreign-runtime",
        "allow",
        Kind::Allows(&["\"runc\"", "\"mine\""]),
    ),
    ("foreign-runtime", "annotations", Kind::Allows(&["\"a\""])),
    (
        "foreign-image",
        "allow",
        Kind::AllowsOrAll(&["\"docker.io/library/alpine\"", "\"docker.io/ops/*\""]),
    ),
    ("foreign-image", "digest", Kind::Switch(true)),
    (
        "gate-tampering",
        "paths",
        Kind::Refuses(&["\"/srv\"", "\"/etc\""]),
    ),
    (
        "unknown-field",
        "allow",
        Kind::Allows(&["\"HostConfig.Teleport\"", "\"Teleport\""]),
    ),
];

impl Kind {
    /// The lines of an option, the stricter one first; empty to leave it to the preset.
    fn pairs(self, option: &'static str) -> BoxedStrategy<[String; 2]> {
        let line = move |value: &str| format!("{option} = {value}\n");
        let list = move |entries: &[&str]| line(&format!("[{}]", entries.join(", ")));
        match self {
            Self::Allows(pool) => nested(pool)
                .prop_map(move |[fewer, more]| [list(&fewer), list(&more)])
                .boxed(),
            Self::Refuses(pool) => nested(pool)
                .prop_map(move |[fewer, more]| [list(&more), list(&fewer)])
                .boxed(),
            Self::AllowsOrAll(pool) => nested(pool)
                .prop_map(
                    move |[fewer, more]| match (fewer.is_empty(), more.is_empty()) {
                        // The empty list is the widest.
                        (true, _) => [list(&more), list(&fewer)],
                        (false, _) => [list(&fewer), list(&more)],
                    },
                )
                .boxed(),
            Self::Bounds(pool) => {
                // Nothing is the loosest.
                let values = pool.iter().map(|value| line(value)).chain([String::new()]);
                subsequence(values.collect::<Vec<_>>(), 2)
                    .prop_map(|pair| pair.try_into().unwrap())
                    .boxed()
            }
            Self::Switch(strict) => {
                Just([line(&strict.to_string()), line(&(!strict).to_string())]).boxed()
            }
        }
    }
}

/// Two lists of which the second has all of the first.
fn nested(pool: &'static [&'static str]) -> impl Strategy<Value = [Vec<&'static str>; 2]> {
    subsequence(pool, 0..=pool.len()).prop_flat_map(|more| {
        subsequence(more.clone(), 0..=more.len()).prop_map(move |fewer| [fewer, more.clone()])
    })
}

/// How far an outcome is from an allow.
fn strictness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Allow => 0,
        Outcome::WouldDeny => 1,
        Outcome::Deny => 2,
    }
}

/// A policy over any preset in which most other rules are out of the way.
#[derive(Debug, Clone)]
struct Around {
    preset: &'static str,
    off: Vec<&'static str>,
    audited: Vec<&'static str>,
}

impl Around {
    /// The policy with these lines for `rule`.
    fn policy(&self, rule: &str, lines: &str) -> Policy {
        let mut text = format!("preset = \"{}\"\n[rules.{rule}]\n{lines}", self.preset);
        let mut others = BTreeSet::from([rule]);
        for (mode, ids) in [("off", &self.off), ("audit", &self.audited)] {
            for id in ids {
                if others.insert(id) {
                    write!(text, "\n[rules.{id}]\nmode = \"{mode}\"\n").unwrap();
                }
            }
        }
        Policy::parse("policy.toml", &text, false, &FakeHost::default()).unwrap()
    }
}

fn around() -> impl Strategy<Value = Around> {
    let ids: Vec<&str> = CATALOG.iter().map(|rule| rule.id).collect();
    let presets: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    let some = subsequence(ids.clone(), 0..ids.len());
    let all = Just(ids.clone());
    (
        select(presets),
        prop_oneof![some, all],
        subsequence(ids, 0..8),
    )
        .prop_map(|(preset, off, audited)| Around {
            preset,
            off,
            audited,
        })
}

fn envelopes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        creates().prop_map(|body| create(&body)),
        asked().prop_map(|asked| asked.envelope()),
    ]
}

proptest! {
    // Each of these reads two or three policies, which takes longer.
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stricter_mode_of_a_rule_never_allows_more(
        envelope in envelopes(),
        around in around(),
        rule in select(CATALOG),
    ) {
        let [off, audit, deny] = ["off", "audit", "deny"].map(|mode| {
            let policy = around.policy(rule.id, &format!("mode = \"{mode}\"\n"));
            strictness(outcome(&envelope, &policy))
        });
        prop_assert!(off <= audit && audit <= deny, "{}: {off} {audit} {deny}", rule.id);
    }

    #[test]
    fn a_stricter_option_of_a_rule_never_allows_more(
        envelope in envelopes(),
        around in around(),
        (rule, lines) in select(OPTIONS)
            .prop_flat_map(|(rule, option, kind)| (Just(rule), kind.pairs(option))),
    ) {
        let [strict, loose] = lines.clone().map(|line| {
            let policy = around.policy(rule, &format!("mode = \"deny\"\n{line}"));
            strictness(outcome(&envelope, &policy))
        });
        prop_assert!(loose <= strict, "{rule}: {lines:?}: {strict} {loose}");
    }
}

#[test]
fn every_option_of_every_rule_has_a_direction() {
    let known: BTreeSet<_> = OPTIONS
        .iter()
        .map(|(rule, option, _)| (*rule, *option))
        .collect();
    let documented: BTreeSet<_> = CATALOG
        .iter()
        .flat_map(|rule| rule.options.iter().map(|(option, _)| (rule.id, *option)))
        .collect();
    assert_eq!(known, documented);
}
