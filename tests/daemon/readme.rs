use crate::support::{Engine, Gated, on_each_engine, text};

on_each_engine! {
    the_transcript_in_the_readme_is_true,
}

/// Every `$ docker …` of the README is run, and has to print what stands there.
fn the_transcript_in_the_readme_is_true(engine: Engine) {
    let readme = include_str!("../../README.md");
    let mut commands: Vec<(&str, String)> = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for line in block.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                commands.push((command, String::new()));
            } else if let Some((_, output)) = commands.last_mut() {
                output.push_str(line);
                output.push('\n');
            }
        }
    }
    commands.retain(|(command, _)| command.starts_with("docker "));
    assert!(commands.len() >= 2, "{commands:?}");
    let gated = Gated::start(engine, "", false, &[]);
    for (command, expected) in commands {
        let arguments: Vec<&str> = command.split(' ').skip(1).collect();
        let output = gated.daemon.docker(&arguments);
        let output = text(&output.stdout) + &text(&output.stderr);
        let printed: Vec<&str> = output
            .lines()
            // The client's own advice, which differs from version to version, as does its last dot.
            .filter(|line| !line.is_empty() && !line.contains("--help'"))
            .map(|line| line.trim_end_matches('.'))
            .collect();
        let expected: Vec<&str> = expected.lines().collect();
        assert_eq!(printed, expected, "{command}");
    }
}
