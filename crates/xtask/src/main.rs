//! Developer chores that are easier in Rust than in a shell: data files generated and checked.
//!
//! `cargo run -p xtask -- <chore>`. A chore reads and writes the workspace it was built in. None of this is shipped.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

mod bootstrap_rbac;
mod check_data;
mod demo;
mod docs;
mod flag_defaults;

/// Developer chores.
#[derive(Debug, Parser)]
#[command(name = "xtask")]
enum Chore {
    /// Write `benchmarks/tables/bootstrap-rbac.toml` from Kubernetes' own test data.
    ///
    /// The releases come through `go mod download`, hence from the Go module cache where they are
    /// there already.
    BootstrapRbac,
    /// Check every file of `benchmarks/` for form, and what they say of each other.
    CheckData,
    /// Make the example cluster that ships of a snapshot that `collect` wrote.
    Demo {
        /// The snapshot.
        from: PathBuf,
    },
    /// Compare `benchmarks/tables/flag-defaults.toml` with `--help` of the programs in some folders.
    FlagDefaults {
        /// Where they are, such as `target/cluster/*`.
        #[arg(required = true)]
        folders: Vec<PathBuf>,
    },
    /// Write the generated pages and schemas.
    Docs {
        /// Write nothing, and fail when one is not current.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let done = match Chore::parse() {
        Chore::BootstrapRbac => bootstrap_rbac::run(&workspace().join("benchmarks")),
        Chore::CheckData => check_data::run(&workspace().join("benchmarks")),
        Chore::Demo { from } => demo::run(&from, &workspace()),
        Chore::FlagDefaults { folders } => {
            flag_defaults::run(&workspace().join("benchmarks"), &folders)
        }
        Chore::Docs { check } => docs::run(&workspace(), check),
    };
    // A closed pipe has nobody left to tell; the exit code says it all the same.
    let (told, code) = match done {
        Ok(said) => (writeln!(io::stdout(), "{said}"), ExitCode::SUCCESS),
        Err(error) => (writeln!(io::stderr(), "error: {error:#}"), ExitCode::FAILURE),
    };
    if told.is_ok() { code } else { ExitCode::FAILURE }
}

/// The root of this workspace.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
