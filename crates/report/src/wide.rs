//! Everything that a report knows, for people: the second half of the table under `-o wide`.

use std::{collections::BTreeMap, io};

use assay_model::{
    Basis, Outcome, Report,
    report::{CheckReport, Collected, Finding, GapReport},
};

use crate::{
    findings::{self, OnObject, Standing},
    gaps,
    page::{Column, Page, Tone},
    table, words,
};

/// Columns from which on findings and checks have a column for all that is known.
const ROOMY: usize = 120;
/// Lines of a paragraph: none is left out.
const ALL: usize = usize::MAX;

/// Writes findings, unknowns, questions, checks, controls, gaps and the bill.
pub(crate) fn details(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    for (title, outcome) in [("Faults", Outcome::Fail), ("Weaknesses", Outcome::Warn)] {
        let faults = findings::faults(report, outcome);
        if faults.is_empty() {
            continue;
        }
        page.heading(title)?;
        for (at, fault) in faults.iter().enumerate() {
            if at > 0 {
                page.gap()?;
            }
            let tone = table::severity(fault.severity);
            check_title(page, fault.check, tone, fault.severity.name())?;
            for (word, text) in
                [("why: ", fault.check.rationale), ("fix: ", fault.check.remediation)]
            {
                page.paragraph(page.start(4).text(Tone::Good, word), Tone::Plain, text, ALL)?;
            }
            found(page, fault.check)?;
            unread(page, fault.check)?;
        }
    }
    unknown(page, report)?;
    manual(page, report)?;
    waived(page, report)?;
    checks(page, report)?;
    controls(page, report)?;
    all_gaps(page, report)?;
    bill(page, report)
}

fn check_title(page: &mut Page<'_>, check: &CheckReport, tone: Tone, word: &str) -> io::Result<()> {
    let first =
        page.start(2).text(tone, word).to(12).text(Tone::Plain, check.code).text(Tone::Plain, "  ");
    page.paragraph(first, Tone::Strong, &format!("{}  ({})", check.title, check.id), ALL)
}

/// A check's findings, waived ones included.
fn found(page: &mut Page<'_>, check: &CheckReport) -> io::Result<()> {
    if check.findings.is_empty() {
        return Ok(());
    }
    if page.width < ROOMY {
        return found_one_by_one(page, check);
    }
    let columns = [
        Column::Text("object"),
        Column::Number("pods"),
        Column::Text("seen"),
        Column::Word("basis"),
        Column::Word("fingerprint"),
    ];
    let row = |it: &Finding| {
        let pods = pods(it).map_or_else(|| "-".to_owned(), |_| it.pods.to_string());
        let basis = it.basis.name().to_owned();
        vec![it.object.to_string(), pods, seen(it, check), basis, it.fingerprint.to_string()]
    };
    page.table(4, &columns, &check.findings.iter().map(row).collect::<Vec<_>>())
}

/// The same where columns would break every path: the object, and below it what was seen.
fn found_one_by_one(page: &mut Page<'_>, check: &CheckReport) -> io::Result<()> {
    let mut before = None;
    for finding in &check.findings {
        let head = (&finding.object, pods(finding), finding.basis);
        if before.as_ref() != Some(&head) {
            let (object, pods, basis) = &head;
            let pods = pods.as_ref().map_or(String::new(), |it| format!(", {it}"));
            let text = format!("{object}{pods}, {}", basis.name());
            page.paragraph(page.start(4), Tone::Strong, &text, ALL)?;
        }
        page.paragraph(page.start(6), Tone::Plain, &seen(finding, check), ALL)?;
        before = Some(head);
    }
    Ok(())
}

fn pods(finding: &Finding) -> Option<String> {
    let (object, severity) = (&finding.object, finding.severity);
    OnObject { object, severity, findings: vec![finding] }.pods()
}

/// Where, and what; then whatever is particular about this finding.
fn seen(finding: &Finding, check: &CheckReport) -> String {
    let container = finding.container.as_ref();
    let mut text = container.map_or(String::new(), |it| format!("container {it}: "));
    text += &findings::seen(finding);
    if finding.outcome != check.outcome {
        text = format!("{}: {text}", finding.outcome.name());
    } else if finding.severity != check.severity {
        text = format!("{}: {text}", finding.severity.name());
    }
    match (finding.template, finding.pods) {
        (Some(false), 1..) => text += " (in pods, not in the template)",
        (Some(true), 0) => text += " (in the template; no pod runs)",
        _ => {}
    }
    if let Some(waiver) = &finding.waiver {
        text = format!("{text} (waived by {waiver})");
    }
    text
}

/// What a check did not see, with what the server said.
fn unread(page: &mut Page<'_>, check: &CheckReport) -> io::Result<()> {
    for gap in &check.gaps {
        let first = page.start(4).text(Tone::Unsure, "not read: ");
        let mut text = gaps::sentence(gap);
        let next = gaps::next_of(gap);
        if !gap.message.is_empty() && next.as_ref().is_none_or(|it| it.1 != gap.message) {
            text = format!("{text} ({})", gap.message);
        }
        page.paragraph(first, Tone::Plain, &text, ALL)?;
        if let Some((label, next)) = next {
            page.paragraph(page.start(4).text(Tone::Good, label), Tone::Plain, &next, ALL)?;
        }
    }
    for hint in &check.hints {
        page.paragraph(
            page.start(4).text(Tone::Faint, "hint, decides nothing: "),
            Tone::Plain,
            hint,
            ALL,
        )?;
    }
    Ok(())
}

fn unknown(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let is = |it: &&CheckReport| findings::standing(it) == Standing::Outcome(Outcome::Unknown);
    let mut open = report.checks.iter().filter(is).peekable();
    if open.peek().is_none() {
        return Ok(());
    }
    page.heading("Not judged")?;
    for check in open {
        check_title(page, check, Tone::Unsure, Outcome::Unknown.name())?;
        found(page, check)?;
        unread(page, check)?;
    }
    Ok(())
}

fn manual(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let open = table::questions(report);
    if open.is_empty() {
        return Ok(());
    }
    page.heading("Only a person can tell")?;
    for check in open {
        check_title(page, check, Tone::Plain, Outcome::Manual.name())?;
        if let Some(question) = &check.question {
            page.paragraph(page.start(4), Tone::Plain, question, ALL)?;
        }
        found(page, check)?;
    }
    Ok(())
}

/// The checks of which nothing is left to say but what was waived.
fn waived(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let is = |it: &&CheckReport| findings::standing(it) == Standing::Waived;
    let mut checks = report.checks.iter().filter(is).peekable();
    if checks.peek().is_none() {
        return Ok(());
    }
    page.heading("Waived")?;
    for check in checks {
        check_title(page, check, table::severity(check.severity), check.severity.name())?;
        found(page, check)?;
    }
    Ok(())
}

fn checks(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    if report.checks.is_empty() {
        return Ok(());
    }
    page.heading("Checks")?;
    let roomy = page.width >= ROOMY;
    let row = |it: &CheckReport| {
        let subjects: Vec<String> =
            it.subjects.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        let outcome = match findings::standing(it) {
            Standing::Waived => format!("{} (waived)", it.outcome.name()),
            Standing::Outcome(_) => it.outcome.name().to_owned(),
        };
        let note = it.reason.clone().unwrap_or_else(|| subjects.join(", "));
        let mut row = vec![it.code.to_owned(), it.id.to_owned(), outcome];
        if roomy {
            row.push(it.severity.name().to_owned());
            row.push(it.basis.map_or("-", Basis::name).to_owned());
        }
        row.push(note);
        row
    };
    let rows: Vec<Vec<String>> = report.checks.iter().map(row).collect();
    let mut columns = vec![Column::Word("code"), Column::Word("id"), Column::Word("outcome")];
    if roomy {
        columns.extend([Column::Word("severity"), Column::Word("basis")]);
    }
    columns.push(Column::Text("subjects"));
    page.table(2, &columns, &rows)
}

fn controls(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    for framework in &report.frameworks {
        let score = match framework.score {
            Some(_) => format!("score {}", words::score(framework.score)),
            None => "no score".to_owned(),
        };
        let coverage = words::percent(framework.coverage);
        page.heading(&format!("{}: {score}, coverage {coverage}", framework.title))?;
        if let Some(mismatch) = &framework.mismatch {
            page.paragraph(page.start(2), Tone::Faint, mismatch, 2)?;
        }
        let rows: Vec<Vec<String>> = framework
            .controls
            .iter()
            .map(|it| {
                let mut title = it.title.clone();
                for (word, text) in [("to ask", &it.manual), ("it would need", &it.evidence)] {
                    if let Some(text) = text {
                        title = format!("{title} ({word}: {text})");
                    }
                }
                let level = it.level.map_or_else(|| "-".to_owned(), |it| it.to_string());
                vec![it.id.clone(), level, it.outcome.name().to_owned(), it.checks.join(" "), title]
            })
            .collect();
        let columns = [
            Column::Word("id"),
            Column::Number("level"),
            Column::Word("outcome"),
            Column::Text("checks"),
            Column::Text("control"),
        ];
        page.table(2, &columns, &rows)?;
    }
    Ok(())
}

fn all_gaps(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let mut touched: BTreeMap<&GapReport, u32> = BTreeMap::new();
    for gap in report.checks.iter().flat_map(|it| &it.gaps) {
        *touched.entry(gap).or_default() += 1;
    }
    let rows: Vec<Vec<String>> = report
        .collection
        .iter()
        .flat_map(|it| &it.gaps)
        .map(|gap| {
            let touched = touched.get(gap).copied().unwrap_or(0);
            let part = gap.namespace.clone().unwrap_or_else(|| "all".to_owned());
            let resource = gap.resource.name().to_owned();
            let message =
                if gap.message.is_empty() { gaps::sentence(gap) } else { gap.message.clone() };
            vec![resource, part, gap.cause.to_owned(), touched.to_string(), message]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    page.heading("What was not read")?;
    let columns = [
        Column::Word("resource"),
        Column::Text("of"),
        Column::Word("cause"),
        Column::Number("checks"),
        Column::Text("message"),
    ];
    page.table(2, &columns, &rows)
}

fn bill(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    if report.collection.is_empty() {
        return Ok(());
    }
    page.heading("What it cost the API server")?;
    // The total of the retries stands below, and what is incomplete above.
    let roomy = page.width >= 100;
    let row = |it: &Collected| {
        let mut row = vec![
            it.resource.to_owned(),
            it.requests.to_string(),
            it.objects.to_string(),
            it.distinct.to_string(),
            words::bytes(it.bytes),
            words::seconds(it.seconds),
        ];
        if roomy {
            row.push(it.retries.to_string());
            row.push(if it.complete { "yes" } else { "no" }.to_owned());
        }
        row
    };
    let mut columns = vec![Column::Word("resource")];
    columns.extend(["requests", "objects", "distinct", "bytes", "time"].map(Column::Number));
    if roomy {
        columns.extend([Column::Number("retries"), Column::Word("complete")]);
    }
    page.table(2, &columns, &report.collection.iter().map(row).collect::<Vec<_>>())
}
