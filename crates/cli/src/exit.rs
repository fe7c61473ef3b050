//! Exit codes: the whole list, and how a report becomes one.

use std::process::ExitCode;

use assay_model::{Outcome, Report, Severity};

use crate::text::plain;

/// The scan is complete, and nothing is at or above `--fail-on`.
pub(crate) const CLEAN: u8 = 0;
/// The scan is complete, and something is at or above `--fail-on`.
pub(crate) const FINDINGS: u8 = 1;
/// A flag, the configuration file or another file of the user's is wrong.
pub(crate) const USAGE: u8 = 2;
/// The cluster cannot be reached, or refuses the credentials.
pub(crate) const CLUSTER: u8 = 3;
/// The scan is incomplete and `--allow-incomplete` was not given, or nothing was judged at all.
pub(crate) const INCOMPLETE: u8 = 4;
/// The scan is fine, but an output could not be written.
pub(crate) const OUTPUT: u8 = 5;
/// Interrupted from the keyboard: what was read is reported.
pub(crate) const INTERRUPTED: u8 = 130;
/// Told to end: what was read is reported.
pub(crate) const TERMINATED: u8 = 143;

/// The code for a report that was written.
pub(crate) fn of(report: &Report, fail_on: Option<Severity>, allow_incomplete: bool) -> u8 {
    let tally = report.summary.outcomes;
    let nothing_judged = tally.pass + tally.warn + tally.fail == 0;
    if nothing_judged || (!report.scan.complete && !allow_incomplete) {
        return INCOMPLETE;
    }
    let counts = |severity: Severity| fail_on.is_some_and(|least| severity >= least);
    let found = report
        .checks
        .iter()
        .flat_map(|it| &it.findings)
        .any(|it| it.outcome == Outcome::Fail && it.waiver.is_none() && counts(it.severity));
    if found { FINDINGS } else { CLEAN }
}

/// An error, and the code it ends with.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) error: Error,
}

/// What went wrong, in the two forms that errors come in.
#[derive(Debug)]
pub(crate) enum Error {
    /// A chain of causes.
    Chain(anyhow::Error),
    /// Something that points into a file of the user's.
    Pointed(miette::Report),
}

impl Failure {
    /// The user's flag or file is wrong.
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Failure { code: USAGE, error: Error::Chain(error.into()) }
    }

    /// As [`Failure::usage`], pointing into a file.
    pub(crate) fn pointed(report: miette::Report) -> Self {
        Failure { code: USAGE, error: Error::Pointed(report) }
    }

    /// The cluster cannot be read.
    pub(crate) fn cluster(error: impl Into<anyhow::Error>) -> Self {
        Failure { code: CLUSTER, error: Error::Chain(error.into()) }
    }

    /// An output cannot be written.
    pub(crate) fn output(error: impl Into<anyhow::Error>) -> Self {
        Failure { code: OUTPUT, error: Error::Chain(error.into()) }
    }

    /// Says what went wrong, once, on standard error. A reader that went away is no news.
    pub(crate) fn report(&self) -> ExitCode {
        let text = match &self.error {
            Error::Chain(error) => plain(&chain(error)),
            Error::Pointed(report) => format!("{report:?}"),
        };
        crate::say(&text);
        ExitCode::from(self.code)
    }
}

/// `error: what failed`, then what caused it, a line each.
fn chain(error: &anyhow::Error) -> String {
    let causes = error.chain().skip(1).map(|it| format!("\n  cause: {it}"));
    format!("error: {error}{}", causes.collect::<String>())
}
