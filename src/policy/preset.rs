//! The shipped presets: files in `policy/`, compiled in.

/// A preset.
#[derive(Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name in `preset = "…"`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Every preset; the first is the one that holds without a file.
pub static PRESETS: &[Preset] = &[
    Preset {
        name: "default",
        text: include_str!("../../policy/default.toml"),
    },
    Preset {
        name: "anssi",
        text: include_str!("../../policy/anssi.toml"),
    },
    Preset {
        name: "cis",
        text: include_str!("../../policy/cis.toml"),
    },
    Preset {
        name: "pss-baseline",
        text: include_str!("../../policy/pss-baseline.toml"),
    },
    Preset {
        name: "pss-restricted",
        text: include_str!("../../policy/pss-restricted.toml"),
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::docker::PlainHost;
    use crate::policy::{CATALOG, Policy};

    #[test]
    fn every_preset_names_every_rule_with_its_mode_and_nothing_else() {
        let rules: BTreeSet<&str> = CATALOG.iter().map(|meta| meta.id).collect();
        for preset in PRESETS {
            let table: toml::Table = preset.text.parse().unwrap();
            let named = table["rules"].as_table().unwrap();
            let found: BTreeSet<&str> = named.keys().map(String::as_str).collect();
            assert_eq!(found, rules, "{}", preset.name);
            for (name, options) in named {
                assert!(
                    options.get("mode").is_some(),
                    "{}: {name} has no mode",
                    preset.name
                );
            }
            assert!(table.get("exemptions").is_none());
            assert!(table.get("preset").is_none());
        }
    }

    #[test]
    fn every_preset_can_be_named_in_a_file() {
        let host = PlainHost {
            today: jiff::civil::date(2027, 1, 1),
        };
        for preset in PRESETS {
            let text = format!("preset = \"{}\"", preset.name);
            let policy = Policy::parse("policy.toml", &text, false, &host).unwrap();
            assert_eq!(policy.preset(), preset.name);
            assert_eq!(policy.lint(host.today), Vec::<String>::new());
        }
    }
}
