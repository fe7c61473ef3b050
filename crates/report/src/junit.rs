//! The report as test results: XML by the schema that Jenkins publishes (`junit-10.xsd` of its xUnit
//! plug-in), which GitLab, Azure and others read as well.
//!
//! | a check that stands at           | is a case with             |
//! |----------------------------------|----------------------------|
//! | fail                             | one `failure`              |
//! | unknown                          | one `error`: it was not judged, hence must not look passed |
//! | manual, not-applicable, waived   | `skipped`                  |
//! | warn                             | `system-out`, and passes   |
//! | pass                             | nothing                    |

use std::io::{self, Write};

use assay_model::{
    Outcome, Report,
    report::{CheckReport, Item},
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
    writer::ElementWriter,
};

use crate::{
    Options,
    clean::clean,
    findings::{self, OnObject, Standing},
    gaps, words,
};

type Xml<'w> = Writer<&'w mut dyn Write>;

/// Writes the report as `JUnit` XML: a suite for each item that has checks, a case for each check.
/// It looks at no option.
///
/// # Errors
///
/// Those of `out`, and no others.
pub fn junit(report: &Report, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let seconds = report.scan.finished.duration_since(report.scan.started).as_secs_f64();
    let time = format!("{:.3}", seconds.max(0.0));
    let name = format!("kube-assay {}", report.scan.cluster.name);
    let count = |it| count(&report.checks.iter().collect::<Vec<_>>(), it).to_string();

    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let attributes = [
        ("name", name.as_str()),
        ("time", &time),
        ("tests", &report.checks.len().to_string()),
        ("failures", &count(Case::Failure)),
        ("errors", &count(Case::Error)),
    ];
    element(&mut xml, "testsuites", &attributes, |xml| {
        for item in &report.matrix {
            let checks: Vec<&CheckReport> =
                report.checks.iter().filter(|it| it.item == item.item).collect();
            if !checks.is_empty() {
                suite(xml, report, item, &checks)?;
            }
        }
        Ok(())
    })?;
    xml.get_mut().write_all(b"\n")
}

/// What kind of result a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Passed,
    Failure,
    Error,
    Skipped,
}

fn case(check: &CheckReport) -> Case {
    match findings::standing(check) {
        Standing::Outcome(Outcome::Fail) => Case::Failure,
        Standing::Outcome(Outcome::Unknown) => Case::Error,
        Standing::Outcome(Outcome::Pass | Outcome::Warn) => Case::Passed,
        Standing::Outcome(Outcome::Manual | Outcome::NotApplicable) | Standing::Waived => {
            Case::Skipped
        }
    }
}

fn count(checks: &[&CheckReport], wanted: Case) -> usize {
    checks.iter().filter(|it| case(it) == wanted).count()
}

fn suite(
    xml: &mut Xml<'_>,
    report: &Report,
    item: &Item,
    checks: &[&CheckReport],
) -> io::Result<()> {
    let name = format!("{} {}", item.item, item.title);
    let started = report.scan.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let attributes = [
        ("name", name.as_str()),
        ("tests", &checks.len().to_string()),
        ("failures", &count(checks, Case::Failure).to_string()),
        ("errors", &count(checks, Case::Error).to_string()),
        ("skipped", &count(checks, Case::Skipped).to_string()),
        ("timestamp", &started),
    ];
    element(xml, "testsuite", &attributes, |xml| {
        element(xml, "properties", &[], |xml| {
            let complete =
                if report.scan.complete && !report.scan.interrupted { "yes" } else { "no" };
            let version = report.scan.cluster.version.as_deref().unwrap_or("not read");
            for (name, value) in [
                ("cluster", report.scan.cluster.name.as_str()),
                ("version", version),
                ("complete", complete),
                ("score", &words::score(item.score)),
                ("coverage", &words::percent(item.coverage)),
            ] {
                empty(xml, "property", &[("name", name), ("value", value)])?;
            }
            Ok(())
        })?;
        checks.iter().try_for_each(|it| test_case(xml, it))
    })
}

fn test_case(xml: &mut Xml<'_>, check: &CheckReport) -> io::Result<()> {
    let name = format!("{} {}", check.code, check.id);
    let attributes = [("name", name.as_str()), ("classname", check.item.as_str())];
    let result = |xml: &mut Xml<'_>, element: &str, message: &str, kind: &str, lines: &[String]| {
        text(xml, element, &[("message", message), ("type", kind)], lines)
    };
    if findings::standing(check) == Standing::Outcome(Outcome::Pass) {
        return empty(xml, "testcase", &attributes);
    }
    element(xml, "testcase", &attributes, |xml| {
        let weak = list(&findings::by_object(check, Outcome::Warn));
        match findings::standing(check) {
            Standing::Outcome(Outcome::Fail) => {
                let objects = findings::by_object(check, Outcome::Fail);
                let severity = objects.first().map_or(check.severity, |it| it.severity);
                let message = format!("{}: {}", check.title, words::count(objects.len(), "object"));
                let mut lines = list(&objects);
                lines.push(format!("why: {}", check.rationale));
                lines.push(format!("fix: {}", check.remediation));
                lines.extend(unread(check));
                result(xml, "failure", &message, severity.name(), &lines)?;
                if weak.is_empty() { Ok(()) } else { text(xml, "system-out", &[], &weak) }
            }
            Standing::Outcome(Outcome::Unknown) => {
                let mut why: Vec<String> = check.gaps.iter().map(gaps::sentence).collect();
                why.dedup();
                if why.is_empty() {
                    why.push("evidence is missing".to_owned());
                }
                let message = format!("not judged: {}", words::some(&why, 2));
                result(xml, "error", &message, Outcome::Unknown.name(), &unread(check))?;
                if weak.is_empty() { Ok(()) } else { text(xml, "system-out", &[], &weak) }
            }
            Standing::Outcome(Outcome::Warn) => text(xml, "system-out", &[], &weak),
            Standing::Outcome(Outcome::Pass) => Ok(()),
            Standing::Outcome(Outcome::Manual) => {
                let question = check.question.as_deref().unwrap_or(check.title);
                skipped(xml, &format!("only a person can tell: {question}"))
            }
            Standing::Outcome(Outcome::NotApplicable) => {
                let reason = check.reason.as_deref().unwrap_or("there is nothing to judge");
                skipped(xml, &format!("does not apply: {reason}"))
            }
            Standing::Waived => {
                let mut ids: Vec<&str> =
                    check.findings.iter().filter_map(|it| it.waiver.as_deref()).collect();
                ids.sort_unstable();
                ids.dedup();
                skipped(xml, &format!("waived by {}", ids.join(", ")))
            }
        }
    })
}

fn skipped(xml: &mut Xml<'_>, message: &str) -> io::Result<()> {
    empty(xml, "skipped", &[("message", message)])
}

/// A line for each finding: `DaemonSet storage/csi-node (4 pods), container csi: … is true`.
fn list(objects: &[OnObject<'_>]) -> Vec<String> {
    let mut lines = Vec::new();
    for object in objects {
        let pods = object.pods().map_or(String::new(), |it| format!(" ({it})"));
        for finding in &object.findings {
            let container =
                finding.container.as_ref().map_or(String::new(), |it| format!(", container {it}"));
            lines.push(format!("{}{pods}{container}: {}", object.object, findings::seen(finding)));
        }
    }
    lines
}

/// What a check did not see, what would decide it, and what weaker evidence says.
fn unread(check: &CheckReport) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for gap in &check.gaps {
        lines.push(format!("not read: {}", gaps::sentence(gap)));
        let next = gaps::next_of(gap);
        if !gap.message.is_empty() && next.as_ref().is_none_or(|it| it.1 != gap.message) {
            lines.push(format!("  said: {}", gap.message));
        }
        lines.extend(next.map(|(label, next)| format!("  {label}{next}")));
    }
    lines.extend(check.hints.iter().map(|it| format!("hint, decides nothing: {it}")));
    lines
}

/// Writes an element. What XML forbids is made visible in every attribute.
fn element(
    xml: &mut Xml<'_>,
    name: &str,
    attributes: &[(&str, &str)],
    content: impl FnOnce(&mut Xml<'_>) -> io::Result<()>,
) -> io::Result<()> {
    start(xml, name, attributes).write_inner_content(content).map(|_| ())
}

/// Writes an element without content.
fn empty(xml: &mut Xml<'_>, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
    start(xml, name, attributes).write_empty().map(|_| ())
}

/// Writes an element that holds these lines.
fn text(
    xml: &mut Xml<'_>,
    name: &str,
    attributes: &[(&str, &str)],
    lines: &[String],
) -> io::Result<()> {
    let lines: Vec<_> = lines.iter().map(|it| clean(it, false)).collect();
    let lines = lines.join("\n");
    start(xml, name, attributes).write_text_content(BytesText::new(&lines)).map(|_| ())
}

fn start<'x, 'w>(
    xml: &'x mut Xml<'w>,
    name: &str,
    attributes: &[(&str, &str)],
) -> ElementWriter<'x, &'w mut dyn Write> {
    let clean: Vec<_> = attributes.iter().map(|(key, value)| (*key, clean(value, false))).collect();
    xml.create_element(name.to_owned())
        .with_attributes(clean.iter().map(|(key, value)| (*key, value.as_ref())))
}
