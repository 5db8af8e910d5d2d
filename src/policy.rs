//! The policy: which rules hold, how strictly, and for whom they do not.
//!
//! A [`Policy`] is read once, whole, and never changes; a reload makes a new one.

mod exemption;
mod file;
mod preset;
mod rules;
mod size;
mod subject;

pub use exemption::{Exemption, ImagePin};
pub use file::{LogOptions, PolicyError, ServerOptions};
pub use preset::{PRESETS, Preset};
pub use rules::{CATALOG, Finding, Found, Meta, References, Rules};
pub use size::{ByteSize, Cpus};
pub use subject::Subject;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::docker::{Host, ImageRef, sha256};

/// What a rule does with what it finds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Refuses the request.
    Deny,
    /// Lets it pass and logs that it would have been refused.
    Audit,
    /// Does not look.
    #[default]
    Off,
}

/// Whether the policy as a whole refuses anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyMode {
    /// What a rule denies is refused, and so is what cannot be read.
    #[default]
    Enforce,
    /// Nothing is ever refused; what would have been is logged.
    Audit,
}

impl std::fmt::Display for PolicyMode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Enforce => "enforce",
            Self::Audit => "audit",
        })
    }
}

/// A policy, ready to decide with.
#[derive(Debug, Clone)]
pub struct Policy {
    name: String,
    preset: &'static str,
    mode: PolicyMode,
    rules: Rules,
    exemptions: Vec<Exemption>,
    server: ServerOptions,
    log: LogOptions,
    effective: String,
    digest: String,
}

impl Policy {
    /// The preset `default`, as it is without any file.
    ///
    /// # Errors
    ///
    /// Never for a released program; its tests read every preset.
    pub fn built_in(audit: bool, host: &dyn Host) -> Result<Self, PolicyError> {
        Self::parse("built-in default", "", audit, host)
    }

    /// Reads a policy file, over the preset that it names.
    ///
    /// `name` stands for the file in errors and in the log. `audit` makes the whole policy audit,
    /// whatever the file says. Paths that the policy allows are resolved through `host`.
    ///
    /// # Errors
    ///
    /// When the file has an unknown key or rule, a wrong type, or a value that makes no sense; the
    /// error says where and what would be right.
    pub fn parse(
        name: &str,
        text: &str,
        audit: bool,
        host: &dyn Host,
    ) -> Result<Self, PolicyError> {
        let (file, preset, effective) = file::read(name, text, audit)?;
        let mut rules = file.rules;
        rules.resolve(host);
        Ok(Self {
            name: name.to_owned(),
            preset,
            mode: file.mode,
            rules,
            exemptions: file.exemptions,
            server: file.server,
            log: file.log,
            digest: sha256(effective.as_bytes()),
            effective,
        })
    }

    /// The file it came from, or `built-in default`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The preset that it builds on.
    #[must_use]
    pub fn preset(&self) -> &'static str {
        self.preset
    }

    /// Whether it refuses anything.
    #[must_use]
    pub fn mode(&self) -> PolicyMode {
        self.mode
    }

    /// The rules with their options.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Who may do what in spite of a rule.
    #[must_use]
    pub fn exemptions(&self) -> &[Exemption] {
        &self.exemptions
    }

    /// The `[server]` table.
    #[must_use]
    pub fn server(&self) -> &ServerOptions {
        &self.server
    }

    /// The `[log]` table.
    #[must_use]
    pub fn log(&self) -> &LogOptions {
        &self.log
    }

    /// The whole policy as TOML, preset and file joined.
    #[must_use]
    pub fn effective(&self) -> &str {
        &self.effective
    }

    /// `sha256:` of [`Policy::effective`]; two policies with the same digest decide the same.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The exemptions that name `rule` and fit who asks and for what: one that holds, if there is
    /// one, else one that has run out.
    #[must_use]
    pub fn exemption(
        &self,
        rule: &Meta,
        subject: &Subject<'_>,
        image: Option<&ImageRef>,
        today: Date,
    ) -> Option<&Exemption> {
        let mut fitting = self
            .exemptions
            .iter()
            .filter(|exemption| exemption.fits(rule, subject, image));
        let first = fitting.next()?;
        if first.holds_on(today) {
            return Some(first);
        }
        fitting
            .find(|exemption| exemption.holds_on(today))
            .or(Some(first))
    }

    /// What is legal in this policy, and likely not meant.
    #[must_use]
    pub fn lint(&self, today: Date) -> Vec<String> {
        let mut warnings = self.rules.lint();
        for (number, exemption) in self.exemptions.iter().enumerate() {
            let number = number.saturating_add(1);
            if !exemption.holds_on(today) {
                warnings.push(format!(
                    "exemption {number} ended on {}; remove it or give it a new day ({})",
                    exemption.until(),
                    exemption.reason()
                ));
            }
            for (meta, mode) in self.rules.modes() {
                if mode == Mode::Off && exemption.names(meta) {
                    warnings.push(format!(
                        "exemption {number} names `{}`, which is off",
                        meta.id
                    ));
                }
            }
            let lends = ["host-network", "host-pid", "host-ipc"];
            let lent = self
                .rules
                .modes()
                .any(|(meta, _)| lends.contains(&meta.id) && exemption.names(meta));
            let joined = self
                .rules
                .modes()
                .any(|(meta, mode)| meta.id == "shared-namespaces" && mode != Mode::Deny);
            if lent && joined {
                warnings.push(format!(
                    "exemption {number} gives a namespace of the host, and `shared-namespaces` does not deny: any container may join that one"
                ));
            }
        }
        warnings
    }
}
