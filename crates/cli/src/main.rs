//! `kubectl assay`: flags, configuration, exit codes. It wires the collector, the benchmark and the
//! reports together, and does nothing else.

mod args;
mod choice;
mod commands;
mod config;
mod exit;
mod live;
mod progress;
mod text;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use crate::{
    args::{Cli, Command},
    commands::{collect, explain, list, preflight, rbac, scan},
    exit::{Error, Failure},
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { exit::CLEAN };
            // Where even the help cannot be written, nobody is there to be told.
            return match error.print() {
                Ok(()) | Err(_) => ExitCode::from(code),
            };
        }
    };
    match run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) if is_closed_pipe(&failure) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(cli: Cli) -> Result<u8, Failure> {
    let stdout = &mut io::stdout().lock();
    match cli.command {
        None => scan::scan(&cli.scan),
        Some(Command::Scan(args)) => scan::scan(&args),
        Some(Command::Collect(args)) => collect::collect(&args),
        Some(Command::Explain { name }) => explain::explain(&name, columns().min(100), stdout),
        Some(Command::List { what }) => list::list(what, stdout),
        Some(Command::Preflight(args)) => preflight::preflight(&args, stdout),
        Some(Command::Rbac { choice, extra, name }) => {
            rbac::rbac(&choice::checks(&choice.checks)?, &extra, &name, stdout)
        }
    }
}

/// Columns of the terminal; 80 where there is none and `COLUMNS` does not say.
fn columns() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
    let seen = || console::Term::stdout().size_checked().map(|(_, columns)| columns.into());
    told.or_else(seen).unwrap_or(80)
}

/// Says something on standard error, where results never go.
fn say(text: &str) {
    // Where standard error is closed, nobody is there to be told.
    if writeln!(io::stderr(), "{text}").is_err() {}
}

/// Whether all that went wrong is that the reader of our output went away, as `head` does.
fn is_closed_pipe(failure: &Failure) -> bool {
    let Error::Chain(error) = &failure.error else { return false };
    let closed = |it: &io::Error| it.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|it| it.downcast_ref::<io::Error>().is_some_and(closed))
}
