//! `lockgate policy`: what a policy says, and whether it is right.

mod routes;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Subcommand;

use super::{Exit, complain};
use crate::docker::{HARMLESS, Host as _};
use crate::policy::{CATALOG, Meta, Mode, PRESETS, Policy};
use crate::server::{FsHost, PolicySource};

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Check a policy file; exit code 3 when it has faults
    Lint {
        /// The file [default: /etc/lockgate/policy.toml, or the built-in policy without it]
        #[arg(env = "LOCKGATE_POLICY")]
        file: Option<OsString>,
    },
    /// Print the whole policy that holds: preset and file joined
    Show {
        /// The file [default: /etc/lockgate/policy.toml, or the built-in policy without it]
        #[arg(env = "LOCKGATE_POLICY")]
        file: Option<OsString>,
    },
    /// Print the reference of all rules, as Markdown
    Rules,
    /// Print which rules hold for each call of the API, as Markdown
    Routes,
}

impl PolicyCommand {
    pub(super) fn run(self) -> Exit {
        match self {
            Self::Lint { file } => load(file, |policy, host| {
                let warnings = policy.lint(host.today());
                for warning in &warnings {
                    complain(format_args!("{}: warning: {warning}", policy.name()));
                }
                format!(
                    "{}: the policy is good ({}; preset {}, mode {})\n",
                    policy.name(),
                    match warnings.len() {
                        0 => "no warnings".to_owned(),
                        1 => "1 warning".to_owned(),
                        many => format!("{many} warnings"),
                    },
                    policy.preset(),
                    policy.mode()
                )
            }),
            Self::Show { file } => load(file, |policy, _| policy.effective().to_owned()),
            Self::Rules => print(&reference()),
            Self::Routes => print(&routes::reference()),
        }
    }
}

fn load(file: Option<OsString>, show: impl Fn(&Policy, &FsHost) -> String) -> Exit {
    let host = match FsHost::new(PathBuf::from("/")) {
        Ok(host) => host,
        Err(error) => {
            complain(format_args!("cannot see the host's files: {error}"));
            return Exit::Failed;
        }
    };
    let file = file.filter(|file| !file.is_empty());
    match PolicySource::new(file.map(PathBuf::from), None, false).load(&host) {
        Ok(policy) => print(&show(&policy, &host)),
        Err(error) => {
            complain(error);
            Exit::BadPolicy
        }
    }
}

fn print(text: &str) -> Exit {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Exit::Worked,
        // A reader that went away has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Worked,
        Err(error) => {
            complain(format_args!("cannot write: {error}"));
            Exit::Failed
        }
    }
}

/// The rule reference in `policy/rules.md`.
fn reference() -> String {
    let mut text = String::from(
        "# The rules\n\n\
        Made by `lockgate policy rules`; a test fails when it is not fresh.\n\n\
        D refuses, A lets pass and logs, – does not look. The references name sections of the\n\
        hardening guide, items of the CIS Docker Benchmark 1.6.0, the level of the Kubernetes Pod\n\
        Security Standards (PSS) that first asks for the control, and measures of ANSSI-FT-082 (2020).\n\
        They say which control a rule stands for; they claim no conformance.\n\n| rule |",
    );
    let modes: Vec<Vec<(&Meta, Mode)>> = PRESETS
        .iter()
        .map(|preset| {
            let host = crate::docker::PlainHost {
                today: jiff::civil::Date::MIN,
            };
            Policy::parse(
                preset.name,
                &format!("preset = \"{}\"", preset.name),
                false,
                &host,
            )
            .map(|policy| policy.rules().modes().collect())
            .unwrap_or_default()
        })
        .collect();
    for preset in PRESETS {
        let _ = write!(text, " {} |", preset.name);
    }
    text.push_str(" guide | CIS | PSS | ANSSI |\n| --- |");
    text.push_str(&" --- |".repeat(PRESETS.len().saturating_add(4)));
    for meta in CATALOG {
        let _ = write!(text, "\n| [`{0}`](#{0}) |", meta.id);
        for preset in &modes {
            let mode =
                preset
                    .iter()
                    .find(|(other, _)| other.id == meta.id)
                    .map_or("", |(_, mode)| match mode {
                        Mode::Deny => "D",
                        Mode::Audit => "A",
                        Mode::Off => "–",
                    });
            let _ = write!(text, " {mode} |");
        }
        let references = &meta.references;
        for reference in [
            references.guide,
            references.cis,
            references.pss,
            references.anssi,
        ] {
            let _ = write!(text, " {reference} |");
        }
    }
    text.push('\n');
    for meta in CATALOG {
        let _ = write!(
            text,
            "\n## {}\n\nIt {}.\n\nWhy: {}.\n\nInstead: {}.\n",
            meta.id, meta.title, meta.why, meta.fix
        );
        if !meta.exemptible {
            text.push_str("\nNo exemption lifts it.\n");
        }
        if !meta.options.is_empty() {
            text.push_str("\nOptions beside `mode`:\n\n");
        }
        for (name, meaning) in meta.options {
            let _ = writeln!(text, "- `{name}`: {meaning}.");
        }
    }
    text.push_str(
        "\n# Fields that no rule reads\n\n\
        A field of a create that is neither here nor read by a rule is refused by `unknown-field` when\n\
        it is set.\n\n| in | fields | why no rule reads them |\n| --- | --- | --- |\n",
    );
    for row in HARMLESS {
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            row.of,
            row.fields.join(", "),
            row.reason
        );
    }
    text
}
