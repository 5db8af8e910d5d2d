//! TOML text to policy, with errors that say where and what would be right.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::PolicyMode;
use super::exemption::Exemption;
use super::preset::{PRESETS, Preset};
use super::rules::Rules;
use crate::nearest;

/// A policy file.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    preset: PresetName,
    pub(super) mode: PolicyMode,
    pub(super) rules: Rules,
    pub(super) exemptions: Vec<Exemption>,
    pub(super) server: ServerOptions,
    pub(super) log: LogOptions,
}

/// The `[server]` table: where the gate listens and what it sees. A change needs a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServerOptions {
    /// The socket to listen on, when systemd hands none over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
    /// Where the root of the host is seen; `/` but in a managed plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_root: Option<PathBuf>,
}

/// The `[log]` table: where decisions are written. A change needs a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogOptions {
    /// A file; standard output without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Whether calls that only read are logged, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<bool>,
}

/// The name of a preset that exists.
#[derive(Debug, Clone, Copy, Serialize)]
struct PresetName(&'static str);

impl Default for PresetName {
    fn default() -> Self {
        Self("default")
    }
}

impl<'de> Deserialize<'de> for PresetName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        PRESETS
            .iter()
            .find(|preset| preset.name == text)
            .map(|preset| Self(preset.name))
            .ok_or_else(|| {
                let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
                serde::de::Error::custom(format!(
                    "unknown preset `{text}`{}; there are {}",
                    nearest::hint(&text, names.iter().copied()),
                    names.join(", ")
                ))
            })
    }
}

/// Why a policy file does not load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    name: String,
    place: Option<Place>,
    message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
    text: String,
    width: usize,
}

impl PolicyError {
    /// An error that belongs to the whole file.
    #[must_use]
    pub fn of_file(name: &str, message: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            place: None,
            message: message.into(),
        }
    }

    fn new(name: &str, text: &str, error: &toml::de::Error) -> Self {
        Self {
            name: name.to_owned(),
            place: error
                .span()
                .map(|span| narrow(text, span, error.message()))
                .and_then(|span| Place::of(text, span)),
            message: in_words(error.message()),
        }
    }
}

impl Place {
    fn of(text: &str, span: Range<usize>) -> Option<Self> {
        let before = text.get(..span.start)?;
        let start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let line = text.get(start..)?.lines().next().unwrap_or_default();
        let column = before.get(start..)?.chars().count();
        let marked = text.get(span)?;
        Some(Self {
            line: before.matches('\n').count().saturating_add(1),
            column: column.saturating_add(1),
            text: line.to_owned(),
            // An error of a whole table is marked at its first line only.
            width: marked
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                .max(1),
        })
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            place,
            message,
        } = self;
        let Some(place) = place else {
            return write!(formatter, "{name}: {message}");
        };
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs stay tabs, so that the caret stands below its text.
        let indent: String = place
            .text
            .chars()
            .take(place.column.saturating_sub(1))
            .map(|char| if char == '\t' { '\t' } else { ' ' })
            .collect();
        write!(
            formatter,
            "{name}:{number}:{}: {message}\n {margin} |\n {number} | {}\n {margin} | {indent}{}",
            place.column,
            place.text,
            "^".repeat(place.width)
        )
    }
}

impl std::error::Error for PolicyError {}

/// An error in a list comes with the span of the whole list: if the message quotes one entry of
/// it, that entry is meant.
fn narrow(text: &str, span: Range<usize>, message: &str) -> Range<usize> {
    let list = text.get(span.clone()).filter(|list| list.starts_with('['));
    let quoted = message
        .split('`')
        .nth(1)
        .filter(|quoted| !quoted.is_empty());
    let entry = list.zip(quoted).and_then(|(list, quoted)| {
        let entry = format!("\"{quoted}\"");
        let start = span.start.checked_add(list.find(&entry)?)?;
        Some(start..start.checked_add(entry.len())?)
    });
    entry.unwrap_or(span)
}

/// serde's words for a wrong name, in ours, with the nearest right one.
fn in_words(message: &str) -> String {
    let message = message.trim_end();
    for (start, what) in [("unknown field `", "key"), ("unknown variant `", "value")] {
        let Some((name, rest)) = message.strip_prefix(start).and_then(|m| m.split_once('`')) else {
            continue;
        };
        let right: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        let hint = nearest::hint(name, right.iter().copied());
        let advice = match (hint.is_empty(), right.len()) {
            (false, _) => hint,
            (true, 0) => String::new(),
            (true, 1) => format!("; the only one is {}", right.join("")),
            (true, _) => format!("; there are {}", right.join(", ")),
        };
        return format!("unknown {what} `{name}`{advice}");
    }
    message.to_owned()
}

/// Reads `text` over its preset: the policy, the preset's name, and both joined as TOML.
pub(super) fn read(
    name: &str,
    text: &str,
    audit: bool,
) -> Result<(File, &'static str, String), PolicyError> {
    // First the file alone, for errors that point into it, then joined with its preset.
    let alone: File = toml::from_str(text).map_err(|error| PolicyError::new(name, text, &error))?;
    let preset: &Preset = PRESETS
        .iter()
        .find(|preset| preset.name == alone.preset.0)
        .ok_or_else(|| PolicyError::of_file(name, "its preset is missing from this program"))?;
    let table = |text: &str| {
        text.parse::<toml::Table>()
            .map_err(|error| PolicyError::new(name, text, &error))
    };
    let mut joined = table(preset.text)?;
    join(&mut joined, table(text)?);
    joined.insert("preset".to_owned(), preset.name.into());
    if audit {
        joined.insert("mode".to_owned(), "audit".into());
    }
    let effective =
        toml::to_string(&joined).map_err(|error| PolicyError::of_file(name, error.to_string()))?;
    let file: File = joined
        .try_into()
        .map_err(|error: toml::de::Error| PolicyError::of_file(name, in_words(error.message())))?;
    Ok((file, preset.name, effective))
}

/// Puts `over` on top of `base`: tables key by key, everything else whole.
fn join(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => join(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::PlainHost;
    use crate::policy::{Mode, Policy};

    const HOST: PlainHost = PlainHost {
        today: jiff::civil::date(2027, 1, 1),
    };

    fn parse(text: &str) -> Result<Policy, PolicyError> {
        Policy::parse("policy.toml", text, false, &HOST)
    }

    fn mode(policy: &Policy, id: &str) -> Mode {
        policy
            .rules()
            .modes()
            .find(|(meta, _)| meta.id == id)
            .unwrap()
            .1
    }

    #[test]
    fn a_file_changes_its_preset_key_by_key() {
        let policy = parse("[rules.added-capabilities]\nallow = [\"cap_net_raw\"]\n[rules.host-pid]\nmode = \"audit\"\n").unwrap();
        assert_eq!(policy.preset(), "default");
        assert_eq!(mode(&policy, "added-capabilities"), Mode::Deny);
        assert_eq!(mode(&policy, "host-pid"), Mode::Audit);
        assert_eq!(mode(&policy, "host-ipc"), Mode::Deny);
        let again: toml::Table = policy.effective().parse().unwrap();
        assert_eq!(
            again["rules"]["added-capabilities"]["mode"].as_str(),
            Some("deny")
        );
        assert!(
            again["rules"]["added-capabilities"]["sensitive"]
                .as_array()
                .unwrap()
                .len()
                > 10
        );
    }

    #[test]
    fn the_digest_follows_what_the_policy_says() {
        let one = parse("").unwrap();
        let commented = parse("# nothing\n").unwrap();
        let other = parse("mode = \"audit\"").unwrap();
        let flag = Policy::parse("policy.toml", "", true, &HOST).unwrap();
        assert_eq!(one.digest(), commented.digest());
        assert_ne!(one.digest(), other.digest());
        assert_eq!(other.digest(), flag.digest());
        assert_eq!(flag.mode(), PolicyMode::Audit);
    }

    /// What is wrong, where it is said to be, and a phrase of the message.
    const FAULTS: &[(&str, &str, &str)] = &[
        (
            "mod = \"audit\"",
            "1:1",
            "unknown key `mod`; did you mean `mode`?",
        ),
        (
            "mode = \"warn\"",
            "1:8",
            "unknown value `warn`; there are enforce, audit",
        ),
        (
            "preset = \"ansi\"",
            "1:10",
            "unknown preset `ansi`; did you mean `anssi`?",
        ),
        (
            "[rules.host-netwrok]\nmode = \"deny\"",
            "1:8",
            "unknown key `host-netwrok`; did you mean `host-network`?",
        ),
        (
            "[rules.host-pid]\n\tmode = \"denny\"",
            "2:9",
            "unknown value `denny`; did you mean `deny`?",
        ),
        ("[rules.host-pid]\nallow = []", "2:1", "unknown key `allow`"),
        (
            "[rules.added-capabilities]\nallow = [\"NET_RAW\", \"NET_RWA\"]",
            "2:21",
            "unknown capability `NET_RWA`; did you mean `NET_RAW`?",
        ),
        (
            "[rules.added-capabilities]\nallow = [\"ALL\"]",
            "2:10",
            "`ALL` cannot be listed",
        ),
        (
            "[rules.unlimited-memory]\nmax = \"4 parsec\"",
            "2:7",
            "is not a size",
        ),
        (
            "[rules.unlimited-cpu]\nmax = \"many\"",
            "2:7",
            "is not a number of processors",
        ),
        (
            "[rules.host-paths]\nallow = [\"srv/data\"]",
            "2:",
            "a host path starts with `/`",
        ),
        (
            "[rules.host-paths]\nallow = [\"/srv:rx\"]",
            "2:",
            "write `PATH` or `PATH:ro`",
        ),
        (
            "[rules.host-paths]\nsensitive = [\"etc\"]",
            "2:14",
            "a host path starts with `/`",
        ),
        (
            "[[exemptions]]\nrules = [\"host-pid\"]\nusers = [\"ops\"]\nuntil = 2027-03-31",
            "1:1",
            "missing field `reason`",
        ),
        (
            "[[exemptions]]\nrules = [\"host-pid\"]\nuntil = 2027-03-31\nreason = \"x\"",
            "1:1",
            "add `users` or `images`",
        ),
        (
            "[[exemptions]]\nrules = [\"hostpid\"]\nusers = [\"ops\"]\nuntil = 2027-03-31\nreason = \"x\"",
            "2:10",
            "unknown rule `hostpid`; did you mean `host-pid`?",
        ),
        (
            "[[exemptions]]\nrules = [\"gate-tampering\"]\nusers = [\"ops\"]\nuntil = 2027-03-31\nreason = \"x\"",
            "2:10",
            "has no exemptions",
        ),
        (
            "[[exemptions]]\nrules = [\"host-pid\"]\nimages = [\"alpine:3\"]\nuntil = 2027-03-31\nreason = \"x\"",
            "3:11",
            "has no digest",
        ),
        (
            "[[exemptions]]\nrules = [\"host-pid\"]\nusers = [\"ops\"]\nuntil = \"soon\"\nreason = \"x\"",
            "4:9",
            "",
        ),
        ("mode = \"audit\"\nmode = \"audit\"", "2:1", "duplicate key"),
        ("mode = ", "1:", ""),
        ("mode = [1]", "1:8", ""),
    ];

    #[test]
    fn faults_are_shown_where_they_are() {
        for (text, place, phrase) in FAULTS {
            let error = parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("policy.toml:{place}")),
                "{text}\n{error}"
            );
            assert!(error.contains(phrase), "{text}\n{error}");
            assert!(error.ends_with('^'), "{text}\n{error}");
        }
    }

    #[test]
    fn the_caret_stands_below_the_fault() {
        let error = parse("mode = \"enforce\"\n[rules.host-pid]\nmodus = 1\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "policy.toml:3:1: unknown key `modus`; did you mean `mode`?\n   |\n 3 | modus = 1\n   | ^^^^^"
        );
    }

    const README: &str = include_str!("../../README.md");

    fn block_of_readme(kind: &str) -> &'static str {
        let after = README.split(&format!("```{kind}\n")).nth(1).unwrap();
        after.split("```").next().unwrap()
    }

    #[test]
    fn the_policy_in_the_readme_loads() {
        let policy = parse(block_of_readme("toml")).unwrap();
        assert_eq!(policy.exemptions().len(), 1);
        assert_eq!(policy.lint(HOST.today), Vec::<String>::new());
    }

    #[test]
    fn the_error_in_the_readme_is_true() {
        let error = parse("[rules.host-netwrok]").unwrap_err().to_string();
        assert!(README.contains(&format!("lockgate: {error}\n")), "{error}");
    }

    #[test]
    fn the_digest_in_the_readme_is_that_of_the_built_in_policy() {
        let policy = Policy::built_in(false, &HOST).unwrap();
        assert!(README.contains(policy.digest()), "{}", policy.digest());
    }
}
