//! The command line. Together with `server` the only part that touches the world.
mod exit;
mod policy;
mod serve;

pub use exit::Exit;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The gate of a Docker daemon: refuses containers that are not hardened.
#[derive(Debug, Parser)]
#[command(name = "lockgate", version, about, disable_help_subcommand = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer dockerd on a Unix socket, as an authorization plugin
    Serve(serve::Serve),
    /// Look at policies
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
}

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let exit = if error.use_stderr() {
                Exit::Failed
            } else {
                Exit::Worked
            };
            // Help goes to stdout, faults to stderr; if neither can be written to, so be it.
            let _ = error.print();
            return exit.into();
        }
    };
    let Args { command } = args;
    match command {
        Command::Serve(serve) => serve.run(),
        Command::Policy(command) => command.run(),
    }
    .into()
}

/// Says `text` to the person at the terminal.
fn complain(text: impl std::fmt::Display) {
    // If stderr is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr().lock(), "lockgate: {text}");
}
