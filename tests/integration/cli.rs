use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use lockgate::policy::{CATALOG, PRESETS};
use serde_json::json;

use crate::support::{Serve, create, folder, hardened_with, lockgate};

fn run(arguments: &[&str]) -> Output {
    lockgate().args(arguments).output().unwrap()
}

fn policy(command: &str, file: &Path) -> Output {
    lockgate()
        .args(["policy", command])
        .arg(file)
        .output()
        .unwrap()
}

/// Exit code, standard output, standard error.
fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A policy file of that text, gone with the folder.
fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = folder();
    let path = folder.path().join("policy.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn help_and_version_are_answers() {
    let (code, stdout, stderr) = told(&run(&["--version"]));
    let version = format!("lockgate {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((code, stdout, stderr.as_str()), (Some(0), version, ""));
    for (arguments, phrases) in [
        (&["--help"][..], &["Usage: lockgate", "serve", "policy"][..]),
        (
            &["serve", "--help"],
            &[
                "--policy <FILE>",
                "LOCKGATE_POLICY",
                "--audit",
                "LOCKGATE_AUDIT",
                "--socket <PATH>",
                "LOCKGATE_SOCKET",
                "--log <FILE>",
                "LOCKGATE_LOG",
                "--log-reads",
                "LOCKGATE_LOG_READS",
                "--host-root <DIR>",
                "LOCKGATE_HOST_ROOT",
            ],
        ),
        (&["policy", "--help"], &["lint", "show", "rules"]),
        (&["policy", "lint", "--help"], &["[FILE]", "exit code 3"]),
    ] {
        let (code, stdout, stderr) = told(&run(arguments));
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{arguments:?}");
        for phrase in phrases {
            assert!(
                stdout.contains(phrase),
                "{arguments:?} lacks {phrase}:\n{stdout}"
            );
        }
    }
}

#[test]
fn a_wrong_command_line_ends_with_one_and_says_what_is_right() {
    for (arguments, phrase) in [
        (&[][..], "Usage: lockgate"),
        (&["server"], "'serve'"),
        (&["serve", "--polcy", "x"], "'--policy'"),
        (&["policy"], "Usage: lockgate policy"),
        (&["policy", "lnt"], "'lint'"),
        (&["policy", "rules", "x"], "unexpected argument 'x'"),
    ] {
        let (code, stdout, stderr) = told(&run(arguments));
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(stderr.contains(phrase), "{arguments:?}: {stderr}");
    }
}

#[test]
fn lint_says_that_a_policy_is_good() {
    let (_folder, path) = file("preset = \"anssi\"\nmode = \"audit\"\n");
    let due = format!(
        "{}: the policy is good (no warnings; preset anssi, mode audit)\n",
        path.display()
    );
    assert_eq!(
        told(&policy("lint", &path)),
        (Some(0), due.clone(), String::new())
    );
    let by_variable = lockgate()
        .args(["policy", "lint"])
        .env("LOCKGATE_POLICY", &path)
        .output()
        .unwrap();
    assert_eq!(told(&by_variable), (Some(0), due, String::new()));
}

#[test]
fn lint_warns_of_what_is_likely_not_meant() {
    let (_folder, path) = file(
        "[rules.added-capabilities]\nallow = [\"SYS_ADMIN\"]\n[rules.host-uts]\nmode = \"off\"\n\
         [[exemptions]]\nrules = [\"host-uts\", \"host-pid\"]\nusers = [\"ops\"]\nuntil = 2020-01-31\nreason = \"old\"\n",
    );
    let (code, stdout, stderr) = told(&policy("lint", &path));
    assert_eq!(code, Some(0));
    assert!(stdout.contains("(4 warnings; preset default"), "{stdout}");
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{stderr}");
    for (line, phrase) in lines.iter().zip([
        "`SYS_ADMIN` in `allow` has no effect",
        "exemption 1 ended on 2020-01-31",
        "exemption 1 names `host-uts`, which is off",
        "exemption 1 gives a namespace of the host",
    ]) {
        let start = format!("lockgate: {}: warning: ", path.display());
        assert!(line.starts_with(&start) && line.contains(phrase), "{line}");
    }
}

#[test]
fn a_faulty_policy_ends_with_three_and_points_at_the_fault() {
    for command in ["lint", "show"] {
        let (_folder, path) = file("mode = \"enforce\"\n[rules.host-pid]\nmodus = \"deny\"\n");
        let (code, stdout, stderr) = told(&policy(command, &path));
        assert_eq!((code, stdout.as_str()), (Some(3), ""), "{command}");
        let start = format!(
            "lockgate: {}:3:1: unknown key `modus`; did you mean `mode`?",
            path.display()
        );
        let end = "\n   |\n 3 | modus = \"deny\"\n   | ^^^^^\n";
        assert!(
            stderr.starts_with(&start) && stderr.ends_with(end),
            "{stderr}"
        );
        let (code, stdout, stderr) = told(&policy(command, Path::new("/nonexistent/policy.toml")));
        assert_eq!((code, stdout.as_str()), (Some(3), ""));
        assert!(
            stderr.starts_with("lockgate: /nonexistent/policy.toml: the policy cannot be read"),
            "{stderr}"
        );
    }
}

#[test]
fn a_misspelt_key_in_any_table_does_not_load() {
    let mut texts = vec![
        "preste = \"anssi\"".to_owned(),
        "[server]\nsokcet = \"/x\"".to_owned(),
        "[log]\nread = true".to_owned(),
        "[[exemptions]]\nrules = [\"host-pid\"]\nuser = [\"ops\"]\nuntil = 2030-01-01\nreason = \"x\"".to_owned(),
    ];
    texts.extend(
        CATALOG
            .iter()
            .map(|rule| format!("[rules.{}]\nmodee = \"deny\"", rule.id)),
    );
    for text in texts {
        let (_folder, path) = file(&text);
        let (code, stdout, stderr) = told(&policy("lint", &path));
        assert_eq!((code, stdout.as_str()), (Some(3), ""), "{text}");
        assert!(stderr.contains("unknown key `"), "{text}: {stderr}");
        assert!(stderr.ends_with("^\n"), "{text}: {stderr}");
    }
}

#[test]
fn every_preset_is_shown_whole_and_as_a_policy_that_says_the_same() {
    for preset in PRESETS {
        let (_folder, path) = file(&format!("preset = \"{}\"\n", preset.name));
        let (code, shown, stderr) = told(&policy("show", &path));
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{}", preset.name);
        let table: toml::Table = shown.parse().unwrap();
        assert_eq!(table["preset"].as_str(), Some(preset.name));
        for rule in CATALOG {
            assert!(
                table["rules"][rule.id].get("mode").is_some(),
                "{} lacks {}",
                preset.name,
                rule.id
            );
        }
        let (_folder, path) = file(&shown);
        assert_eq!(
            told(&policy("show", &path)),
            (Some(0), shown, String::new())
        );
    }
}

#[test]
fn what_is_shown_has_the_digest_that_is_logged() {
    let served = Serve::new("preset = \"cis\"\n[rules.unlimited-memory]\nmax = \"1GiB\"\n").start();
    served.ask(&create(&hardened_with("PidMode", json!("host"))));
    let logged = served.decisions(1);
    let show = format!(
        "'{}' policy show '{}' | sha256sum",
        env!("CARGO_BIN_EXE_lockgate"),
        served.at("policy.toml").display()
    );
    let output = Command::new("sh").args(["-c", &show]).output().unwrap();
    let sum = String::from_utf8(output.stdout).unwrap();
    let (sum, _) = sum.split_once(' ').unwrap();
    assert_eq!(logged[0]["policy"]["digest"], format!("sha256:{sum}"));
}

#[test]
fn a_reader_that_goes_away_is_no_fault_and_a_full_disk_is() {
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = lockgate()
        .args(["policy", "rules"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let (code, _, stderr) = told(&output);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("lockgate: cannot write"), "{stderr}");
    let mut child = lockgate()
        .args(["policy", "rules"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let (code, _, stderr) = told(&child.wait_with_output().unwrap());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}
