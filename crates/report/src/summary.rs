//! The report in a few lines, for a place that holds no more: the termination message of a container,
//! which Kubernetes cuts after 4096 bytes and shows with `kubectl describe pod`.
//!
//! First what every reader must know: how far the numbers are to be believed. Then a line for each check
//! that fails, is unknown or warns, in this order, as many as there is room for, and how many there is
//! none for. ASCII, so that nothing is cut within a character.

use std::io::{self, Write};

use assay_model::{Outcome, Report};

use crate::{Options, clean::clean, findings, table, words};

/// What Kubernetes keeps of a termination message, in bytes.
pub const MOST: usize = 4096;

/// Room that is kept for the line about what was left out.
const REST: usize = 64;
/// Longest name of a cluster or a user; anybody may have chosen it.
const NAME: usize = 120;

/// Writes at most [`MOST`] bytes. It looks at no option.
///
/// # Errors
///
/// Those of `out`, and no others.
pub fn summary(report: &Report, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut text = head(report);
    let mut lines = lines(report).into_iter().peekable();
    while let Some(line) = lines.next_if(|it| text.len() + it.len() + REST <= MOST) {
        text.push_str(&line);
    }
    let rest = lines.count();
    out.write_all(text.as_bytes())?;
    if rest > 0 {
        writeln!(out, "and {rest} more, which the whole report names")?;
    }
    Ok(())
}

fn head(report: &Report) -> String {
    let scan = &report.scan;
    let cut = |text: &str| clean(text, true).chars().take(NAME).collect::<String>();
    let version = scan.cluster.version.as_deref().unwrap_or("not read");
    let subject = format!(
        "cluster {}, version {}, {}\n",
        cut(&scan.cluster.name),
        cut(version),
        scan.started.strftime("%Y-%m-%d %H:%M UTC"),
    );
    let alarm = match table::spoilt(report) {
        Some(word) => format!("{word} what was not read is unknown, not fine\n"),
        None => String::new(),
    };
    let summary = &report.summary;
    let numbers = match (summary.score, summary.range) {
        (Some(_), Some([low, high])) => format!(
            "score {}, coverage {}, could be {} to {} if all were judged\n",
            words::score(summary.score),
            words::percent(summary.coverage),
            words::hundredths(low),
            words::hundredths(high),
        ),
        _ => "no score: nothing was judged\n".to_owned(),
    };
    format!("{subject}{alarm}{numbers}checks: {}\n", table::tally(summary.outcomes))
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for outcome in [Outcome::Fail, Outcome::Unknown, Outcome::Warn] {
        for it in findings::faults(report, outcome) {
            let objects = match it.objects.len() {
                0 => String::new(),
                number => format!("  {}", words::count(number, "object")),
            };
            let (severity, check) = (it.severity.name(), it.check);
            lines.push(format!(
                "{:<7}  {severity:<8}  {}  {}{objects}\n",
                outcome.name(),
                check.code,
                check.id
            ));
        }
    }
    lines
}
