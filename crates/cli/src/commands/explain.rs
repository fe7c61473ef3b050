//! `explain`: what a check or a control looks at, why, and what to do.

use std::io::{self, Write};

use assay_benchmark::{
    Check, checks,
    data::{
        Edition,
        framework::{self, Control, Judged},
    },
};
use assay_model::{Resource, resource::Access};

use crate::{
    choice,
    exit::{self, Failure},
    text::wrapped,
};

/// Prints the page of a check, or of every control of that id.
pub(crate) fn explain(name: &str, width: usize, out: &mut dyn Write) -> Result<u8, Failure> {
    if let Some(check) = checks::find(name) {
        explain_check(check, width, out).map_err(Failure::output)?;
        return Ok(exit::CLEAN);
    }
    let controls = choice::controls(name);
    if controls.is_empty() {
        let ids = framework::editions().iter().flat_map(|it| &it.controls).map(|it| it.id.as_str());
        let known = checks::all().flat_map(|it| [it.id, it.code]).chain(ids);
        let list = "kubectl assay list checks|controls";
        return Err(Failure::usage(choice::unknown("check or control", name, known, list)));
    }
    for (edition, control) in controls {
        explain_control(edition, control, width, out).map_err(Failure::output)?;
    }
    Ok(exit::CLEAN)
}

fn explain_check(check: &Check, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let item = choice::item(check.item());
    writeln!(out, "{}  {}  {}", check.code, check.id, check.severity.name())?;
    writeln!(out, "{}", check.title)?;
    if let Some(item) = item {
        writeln!(out, "{} / {} / {}", item.row, item.column, item.title)?;
    }
    section(out, "Why it matters")?;
    paragraph(out, check.rationale, width)?;

    section(out, "Verdicts")?;
    for (outcome, when) in check.verdicts {
        for (at, line) in wrapped(when, width.saturating_sub(18)).iter().enumerate() {
            let name = if at == 0 { outcome.name() } else { "" };
            writeln!(out, "  {name:<14}  {line}")?;
        }
    }
    writeln!(out, "  {:<14}  part of what it reads was not read", "unknown")?;

    section(out, "Reads")?;
    for resource in check.needs() {
        writeln!(out, "  {resource:<32}  {}", permission(resource))?;
    }
    section(out, "What to do")?;
    paragraph(out, check.remediation, width)?;

    let controls = framework::editions().iter().flat_map(|edition| {
        let named = |it: &&Control| it.checks.iter().any(|it| it.code == check.code);
        edition.controls.iter().filter(named).map(move |it| (edition, it))
    });
    section(out, "Judges, in")?;
    let mut any = false;
    for (edition, control) in controls {
        any = true;
        let part = if control.judged() == Judged::Part { ", in part" } else { "" };
        writeln!(out, "  {}  {}{part}", edition.id, control.id)?;
    }
    if !any {
        writeln!(out, "  no framework edition; the matrix alone")?;
    }
    section(out, "To allow it")?;
    let allow = "In the file of --config: under `platform-namespaces` what belongs to the platform, under \
                 `allow` the subjects that may hold a right, with a reason.";
    paragraph(out, allow, width)?;
    if !check.references.is_empty() {
        section(out, "More")?;
        for reference in check.references {
            writeln!(out, "  {reference}")?;
        }
    }
    Ok(())
}

fn explain_control(
    edition: &Edition,
    control: &Control,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let level = control.level.map_or(String::new(), |it| format!("  level {it}"));
    writeln!(out, "{}  {}{level}", edition.id, control.id)?;
    paragraph(out, &control.title, width)?;
    for check in &control.checks {
        writeln!(out, "  judged by  {}  {}: {}", check.code, check.id, check.title)?;
    }
    let needs = match control.judged() {
        Judged::NotYet => "not judged yet; it would need: ",
        _ => "not judged in full; left to read: ",
    };
    for (label, text) in [(needs, &control.evidence), ("a person has to look: ", &control.manual)] {
        if let Some(text) = text {
            paragraph(out, &format!("{label}{text}"), width)?;
        }
    }
    writeln!(out)
}

fn section(out: &mut dyn Write, title: &str) -> io::Result<()> {
    writeln!(out, "\n{title}")
}

fn paragraph(out: &mut dyn Write, text: &str, width: usize) -> io::Result<()> {
    wrapped(text, width.saturating_sub(2)).iter().try_for_each(|line| writeln!(out, "  {line}"))
}

/// What reading a resource takes.
fn permission(resource: Resource) -> String {
    match resource.access() {
        Access::List(kind) => format!("list {}", kind.qualified()),
        Access::Url(url) => format!("get {url}"),
        Access::Node(sub) => format!("get nodes/{sub}"),
        Access::Named(it) => format!("get {} in {}", it.qualified(), it.namespace),
        Access::Group(group) => format!("list *.{group}"),
        Access::Connection => "a connection, no permission".to_owned(),
    }
}
