//! The rules: one file each, and one list.
//!
//! A rule reads views of a call, never JSON, a header or another rule, and says what it found. What
//! follows from that is decided elsewhere. To add one: its file, its line in the two lists below, a
//! line in each preset, and case files in `tests/cases`.

use serde::{Deserialize, Serialize};

use super::Mode;
use crate::docker::{Call, Host, HostPath, Kind, NamespaceKind, NamespaceMode};

// By hand, since rustfmt does not look into files that a macro declares.
mod added_capabilities;
mod cgroup_parent;
mod default_bridge;
mod docker_socket;
mod foreign_image;
mod foreign_runtime;
mod gate_tampering;
mod host_cgroup_namespace;
mod host_devices;
mod host_ipc;
mod host_network;
mod host_paths;
mod host_pid;
mod host_secrets;
mod host_user_namespace;
mod host_uts;
mod kernel_settings;
mod mount_propagation;
mod new_privileges;
mod no_logging;
mod oom_protection;
mod opaque_build;
mod plugin_change;
mod privileged;
mod retained_capabilities;
mod root_user;
mod shared_namespaces;
mod start_override;
mod swarm_administration;
mod unconfined_apparmor;
mod unconfined_seccomp;
mod unconfined_selinux;
mod unknown_field;
mod unknown_route;
mod unlimited_cpu;
mod unlimited_memory;
mod unlimited_pids;
mod unlimited_storage;
mod unlimited_swap;
mod unmasked_paths;
mod wide_ports;
mod writable_rootfs;

/// What a rule says of itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Meta {
    /// Kebab-case; names what is refused and reads well after "allow".
    pub id: &'static str,
    /// What it refuses, in a line.
    pub title: &'static str,
    /// Why that is dangerous.
    pub why: &'static str,
    /// How to mend it on the command line.
    pub fix: &'static str,
    /// Its options but `mode`: name and meaning.
    pub options: &'static [(&'static str, &'static str)],
    /// Which standards ask for it.
    pub references: References,
    /// Whether an exemption may name it.
    pub exemptible: bool,
    /// The views of a call that it looks at.
    pub views: &'static [&'static str],
}

/// Where a control stands in the standards; empty where it does not.
#[derive(Debug, PartialEq, Eq)]
pub struct References {
    /// Section of the hardening guide.
    pub guide: &'static str,
    /// CIS Docker Benchmark 1.6.0.
    pub cis: &'static str,
    /// Kubernetes Pod Security Standards: the first level that asks for it.
    pub pss: &'static str,
    /// ANSSI-FT-082 (2020).
    pub anssi: &'static str,
}

/// Something a rule found in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found: lower case, no final dot. May hold text of the caller.
    pub found: String,
    /// What to do: an imperative, no final dot.
    pub fix: String,
}

impl Finding {
    fn new(found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            found: found.into(),
            fix: fix.into(),
        }
    }
}

/// What a rule found, before modes and exemptions are joined in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The rule.
    pub rule: &'static Meta,
    /// Its mode in the policy; never [`Mode::Off`].
    pub mode: Mode,
    /// What it found.
    pub finding: Finding,
}

/// The options of a rule that has none but its mode.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ModeOnly {
    mode: Mode,
}

macro_rules! rules {
    ($($name:ident),+ $(,)?) => {
        /// The options of every rule; the `[rules]` table of a policy file.
        #[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct Rules {
            $($name: $name::Options,)+
        }

        /// Every rule, in the order of the list.
        pub static CATALOG: &[&Meta] = &[$(&$name::META),+];

        impl Rules {
            /// What each rule that is not off finds in `call`.
            #[must_use]
            pub fn check(&self, call: &Call) -> Vec<Found> {
                let mut all = Vec::new();
                $(if self.$name.mode != Mode::Off {
                    for finding in $name::check(&self.$name, call) {
                        all.push(Found { rule: &$name::META, mode: self.$name.mode, finding });
                    }
                })+
                all
            }

            /// The mode of each rule, in the order of [`CATALOG`].
            pub fn modes(&self) -> impl Iterator<Item = (&'static Meta, Mode)> {
                [$((&$name::META, self.$name.mode)),+].into_iter()
            }
        }
    };
}

rules! {
    privileged,
    retained_capabilities,
    added_capabilities,
    host_network,
    host_pid,
    host_ipc,
    host_uts,
    host_user_namespace,
    host_cgroup_namespace,
    shared_namespaces,
    cgroup_parent,
    unlimited_memory,
    unlimited_swap,
    unlimited_cpu,
    unlimited_pids,
    writable_rootfs,
    unlimited_storage,
    host_paths,
    docker_socket,
    mount_propagation,
    host_devices,
    unconfined_seccomp,
    unconfined_apparmor,
    unconfined_selinux,
    unmasked_paths,
    new_privileges,
    root_user,
    default_bridge,
    wide_ports,
    no_logging,
    kernel_settings,
    oom_protection,
    foreign_runtime,
    foreign_image,
    start_override,
    opaque_build,
    plugin_change,
    gate_tampering,
    swarm_administration,
    host_secrets,
    unknown_field,
    unknown_route,
}

impl Rules {
    /// Follows the links of the paths that the policy allows, once, so that a link which is put in
    /// their place later does not widen them.
    pub(super) fn resolve(&mut self, host: &dyn Host) {
        self.host_paths.resolve(host);
        self.host_devices.resolve(host);
    }

    /// What is legal in these options and cannot work.
    pub(super) fn lint(&self) -> Vec<String> {
        self.added_capabilities.lint()
    }
}

/// A host path that a policy allows, and what it may be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AllowedPath {
    path: HostPath,
    /// The path with its links followed, when the policy was read.
    resolved: Option<HostPath>,
    /// What stands behind the colon; empty for everything.
    rights: String,
}

impl AllowedPath {
    /// Reads `PATH` or `PATH:RIGHTS`.
    fn parse(text: &str, rights: impl Fn(&str) -> bool, expected: &str) -> Result<Self, String> {
        let (path, given) = text.split_once(':').unwrap_or((text, ""));
        if !given.is_empty() && !rights(given) || text.ends_with(':') {
            return Err(format!("`{text}` ends in `:{given}`; write {expected}"));
        }
        Ok(Self {
            path: HostPath::parse(path).map_err(|error| format!("`{text}`: {error}"))?,
            resolved: None,
            rights: given.to_owned(),
        })
    }

    fn resolve(&mut self, host: &dyn Host) {
        self.resolved = host.resolve(&self.path).ok();
    }

    fn covers(&self, path: &HostPath) -> bool {
        path.is_within(&self.path)
            || self
                .resolved
                .as_ref()
                .is_some_and(|resolved| path.is_within(resolved))
    }
}

impl Serialize for AllowedPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.rights.is_empty() {
            self.path.serialize(serializer)
        } else {
            serializer.collect_str(&format_args!("{}:{}", self.path, self.rights))
        }
    }
}

/// The rules on the host's namespaces differ in the kind and in the flag.
fn host_namespace(call: &Call, kind: NamespaceKind, fix: &str) -> Vec<Finding> {
    call.namespaces()
        .into_iter()
        .flatten()
        .filter(|namespace| namespace.kind == kind && namespace.mode == NamespaceMode::Host)
        .map(|namespace| Finding::new(format!("`{}` is the host's", namespace.field), fix))
        .collect()
}

/// What `--privileged` switches off beside everything else.
fn privileged_switches_off(call: &Call, what: &str) -> Option<Finding> {
    // moby daemon/exec_linux.go: a privileged exec has every capability, and its container's walls.
    (call.privileged() == Some(&true) && call.kind() != Kind::Exec).then(|| {
        Finding::new(
            format!("`Privileged` switches {what} off"),
            "remove --privileged",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::docker::{PlainHost, VIEWS};
    use crate::policy::Policy;
    use crate::protocol::AuthzRequest;

    #[test]
    fn ids_are_unique_and_are_the_names_of_the_files() {
        let ids: BTreeSet<&str> = CATALOG.iter().map(|meta| meta.id).collect();
        assert_eq!(ids.len(), CATALOG.len());
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/policy/rules");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
            .collect();
        assert_eq!(ids, files.iter().map(String::as_str).collect());
        let tables = serde_json::to_value(Rules::default()).unwrap();
        let tables: BTreeSet<&str> = tables
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(ids, tables);
    }

    #[test]
    fn texts_are_there_and_have_the_right_form() {
        for meta in CATALOG {
            for text in [meta.title, meta.why, meta.fix] {
                assert!(!text.is_empty(), "{}", meta.id);
                assert!(!text.ends_with('.'), "{}: {text}", meta.id);
            }
            for (_, text) in meta.options {
                assert!(
                    !text.is_empty() && !text.ends_with('.'),
                    "{}: {text}",
                    meta.id
                );
            }
        }
    }

    #[test]
    fn every_option_is_documented_and_every_documented_option_exists() {
        let rules = serde_json::to_value(Rules::default()).unwrap();
        for meta in CATALOG {
            let options: BTreeSet<&str> = rules[meta.id]
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .filter(|key| *key != "mode")
                .collect();
            let documented: BTreeSet<&str> = meta.options.iter().map(|(name, _)| *name).collect();
            assert_eq!(options, documented, "{}", meta.id);
        }
    }

    /// Every request of the case files, as far as its body is plain.
    #[expect(clippy::disallowed_methods, reason = "test data lies in files")]
    fn calls() -> Vec<Call> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
        let mut calls = Vec::new();
        for folder in std::fs::read_dir(folder).unwrap() {
            for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
                let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
                let case: serde_json::Value = serde_json::from_str(&text).unwrap();
                let request = &case["request"];
                let (Some(method), Some(uri)) =
                    (request["method"].as_str(), request["uri"].as_str())
                else {
                    continue;
                };
                let raw = serde_json::json!({
                    "RequestMethod": method,
                    "RequestUri": uri,
                    "RequestBody": STANDARD.encode(request["body"].to_string()),
                });
                let raw = raw.to_string();
                let Ok(request) = AuthzRequest::parse(raw.as_bytes()) else {
                    continue;
                };
                let host = PlainHost {
                    today: jiff::civil::Date::MIN,
                };
                calls.extend(Call::read(&request, &host).call);
            }
        }
        calls
    }

    #[test]
    fn a_rule_looks_at_nothing_but_the_views_that_it_names() {
        let policy = |preset| {
            let host = PlainHost {
                today: jiff::civil::Date::MIN,
            };
            let text = format!(
                "preset = \"{preset}\"\n[rules.foreign-image]\nmode = \"audit\"\nallow = [\"registry.example.com/ops/*\"]\n"
            );
            Policy::parse("policy.toml", &text, false, &host).unwrap()
        };
        let policy = policy("anssi");
        let mut used = BTreeSet::new();
        let calls = calls();
        assert!(calls.len() > 500, "{}", calls.len());
        for call in &calls {
            let whole = policy.rules().check(call);
            for meta in CATALOG {
                let of = |found: &[Found]| -> Vec<Finding> {
                    let own = found.iter().filter(|found| found.rule.id == meta.id);
                    own.map(|found| found.finding.clone()).collect()
                };
                let found = policy.rules().check(&call.with_only(meta.views));
                assert_eq!(of(&found), of(&whole), "{}", meta.id);
                if !of(&whole).is_empty() {
                    used.extend(meta.views.iter().filter(|view| call.views().contains(view)));
                }
            }
        }
        // Each view is one that some rule needs.
        let all: BTreeSet<&str> = VIEWS.iter().copied().collect();
        assert_eq!(used, all);
    }

    #[test]
    fn a_misspelt_key_in_any_table_is_refused() {
        for meta in CATALOG {
            let text = format!("[{}]\nmod = \"deny\"\n", meta.id);
            let error = toml::from_str::<Rules>(&text).unwrap_err();
            assert!(
                error.message().contains("unknown field `mod`"),
                "{}: {error}",
                meta.id
            );
        }
    }
}
