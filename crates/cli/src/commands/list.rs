//! `list`: what checks, controls, framework editions and formats there are.

use std::io::{self, Write};

use assay_benchmark::{
    checks::{self, SECTIONS},
    data::framework::{self, Control, Judged},
};
use assay_report::Format;

use crate::{
    args::Listed,
    choice,
    exit::{self, Failure},
};

/// Prints one line each, in the order of the matrix or of the publisher.
pub(crate) fn list(what: Listed, out: &mut dyn Write) -> Result<u8, Failure> {
    let written = match what {
        Listed::Checks => list_checks(out),
        Listed::Controls => list_controls(out),
        Listed::Frameworks => list_frameworks(out),
        Listed::Formats => Format::ALL
            .iter()
            .try_for_each(|it| writeln!(out, "{:<8}  {}", it.name(), it.description())),
    };
    written.map_err(Failure::output)?;
    Ok(exit::CLEAN)
}

fn list_checks(out: &mut dyn Write) -> io::Result<()> {
    let width = checks::all().map(|it| it.id.len()).max().unwrap_or_default();
    for (code, checks) in SECTIONS {
        if let Some(item) = choice::item(code) {
            writeln!(out, "{code}  {} / {} / {}", item.row, item.column, item.title)?;
        }
        for it in *checks {
            let severity = it.severity.name();
            writeln!(out, "  {}  {:<width$}  {severity:<8}  {}", it.code, it.id, it.title)?;
        }
    }
    Ok(())
}

fn list_controls(out: &mut dyn Write) -> io::Result<()> {
    for edition in framework::editions() {
        writeln!(out, "{}  {}", edition.id, edition.title)?;
        let width = edition.controls.iter().map(|it| it.id.len()).max().unwrap_or_default();
        for it in &edition.controls {
            writeln!(out, "  {:<width$}  {:<8}  {}", it.id, judged(it), it.title)?;
        }
    }
    Ok(())
}

/// How far a control is judged.
fn judged(control: &Control) -> &'static str {
    match control.judged() {
        Judged::Whole => "judged",
        Judged::Part => "in part",
        Judged::ByHand => "manual",
        Judged::NotYet => "not yet",
    }
}

fn list_frameworks(out: &mut dyn Write) -> io::Result<()> {
    for it in framework::editions() {
        let (all, whole) = (
            it.controls.len(),
            it.controls.iter().filter(|it| it.judged() == Judged::Whole).count(),
        );
        let part = it.controls.iter().filter(|it| it.judged() == Judged::Part).count();
        writeln!(
            out,
            "{:<22}  {}: {whole} of {all} controls judged, {part} more in part",
            it.id, it.title
        )?;
    }
    Ok(())
}
