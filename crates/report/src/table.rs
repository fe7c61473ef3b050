//! The page for people: two numbers, where they come from, what to do first, and what was not
//! judged and why.

use std::io::{self, Write};

use assay_model::{
    Outcome, Report, Severity,
    report::{CheckReport, Framework, Item, Tally},
    snapshot::Source,
};

use crate::{
    Options,
    findings::{self, Fault, OnObject, Standing},
    gaps,
    page::{Line, Page, Tone},
    wide, words,
};

/// Checks that "Do first" shows with their objects when all are critical or high, and when none is;
/// the others get a line each.
const IN_DETAIL: usize = 10;
const AT_LEAST: usize = 3;
/// Objects that are shown of a check, and lines of names.
const OBJECTS: usize = 3;
/// Lines of a short list: of warnings, or of what only a person can tell.
const SHORT: usize = 8;
/// Rows of what was not read.
const GAPS: usize = 12;
/// Where a check's title starts: after severity and code, each with its distance.
const TITLE: usize = 25;
/// Columns below which a title stands under its code, and an object is its name.
const NARROW: usize = 64;
/// Columns from which on a line has room for more than it must say.
const ROOMY: usize = 110;

/// Writes the page; with [`Options::wide`], everything that the report knows.
///
/// # Errors
///
/// Those of `out`, and no others.
pub fn table(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(out, *options);
    header(page, report)?;
    alarm(page, report)?;
    matrix(page, &report.matrix)?;
    if options.wide {
        wide::details(page, report)?;
    } else {
        do_first(page, report)?;
        weaknesses(page, report)?;
        not_judged(page, report)?;
        manual(page, report)?;
    }
    waived(page, report)?;
    bill(page, report, options.wide)
}

fn header(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let scan = &report.scan;
    let cluster = page.fit(&scan.cluster.name, page.width);
    let version = match (&scan.cluster.version, &scan.cluster.distribution) {
        (Some(version), Some(distribution)) => {
            format!("Kubernetes {} ({distribution})", version.trim_start_matches('v'))
        }
        (Some(version), None) => format!("Kubernetes {}", version.trim_start_matches('v')),
        (None, Some(distribution)) => format!("Kubernetes ({distribution}), version not read"),
        (None, None) => "Kubernetes version not read".to_owned(),
    };
    let mut items =
        vec![page.start(0).text(Tone::Strong, &cluster), page.start(0).text(Tone::Plain, &version)];
    if let Some(user) = &scan.identity.user {
        let user = page.fit(user, page.width - "as  (--as)".len());
        let how = if scan.identity.impersonated { " (--as)" } else { "" };
        items.push(page.start(0).text(Tone::Plain, &format!("as {user}{how}")));
    }
    let source = match scan.source {
        Source::Live => None,
        Source::Snapshot => Some("from a snapshot of"),
        Source::Files => Some("from files, read"),
        Source::Demo => Some("the built-in example of"),
    };
    if let Some(source) = source {
        let when = scan.started.strftime("%Y-%m-%d %H:%M UTC");
        items.push(page.start(0).text(Tone::Plain, &format!("{source} {when}")));
    }
    page.flow(items)?;
    scope(page, report)?;
    numbers(page, report)?;
    for framework in &report.frameworks {
        let (id, rest) = (&framework.id, in_one_line(framework));
        let first = page.start(0).text(Tone::Plain, &format!("{id}: "));
        page.paragraph(first, Tone::Plain, &rest, 3)?;
    }
    Ok(())
}

fn scope(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let scope = &report.scan.scope;
    let mut only = Vec::new();
    match scope.namespaces.as_slice() {
        [] => {}
        [one] => only.push(format!("namespace {one}")),
        many => only.push(format!("namespaces {}", many.join(", "))),
    }
    only.extend(scope.selector.iter().map(|it| format!("labels {it}")));
    if only.is_empty() {
        return Ok(());
    }
    let text = format!("{}; what lies outside was left out.", only.join(", "));
    page.paragraph(page.start(0).text(Tone::Strong, "Only "), Tone::Plain, &text, 3)
}

fn numbers(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let summary = &report.summary;
    let mut items = vec![match summary.score {
        Some(it) => page.start(0).text(Tone::Strong, &format!("Score {}", words::hundredths(it))),
        None => page.start(0).text(Tone::Critical, "No score: nothing was judged"),
    }];
    if let Some(it) = summary.coverage {
        let coverage = format!("Coverage {} %", words::hundredths(it));
        items.push(page.start(0).text(Tone::Strong, &coverage));
    }
    if let (Some(_), Some([low, high])) = (summary.score, summary.range) {
        let [low, high] = [low, high].map(words::hundredths);
        let range = match summary.coverage {
            Some(it) if it < 1.0 => format!("could be {low} to {high} if all were judged"),
            _ => "all that applies was judged".to_owned(),
        };
        items.push(page.start(0).text(Tone::Faint, &range));
    }
    page.flow(items)?;
    page.paragraph(page.start(0), Tone::Plain, &format!("Checks: {}", tally(summary.outcomes)), 3)
}

/// `11 fail, 6 warn, 22 unknown, 40 pass`: worst first, without what is none.
pub(crate) fn tally(outcomes: Tally) -> String {
    let mut counts: Vec<String> = [
        Outcome::Fail,
        Outcome::Warn,
        Outcome::Unknown,
        Outcome::Manual,
        Outcome::Pass,
        Outcome::NotApplicable,
    ]
    .into_iter()
    .filter(|it| outcomes.count(*it) > 0)
    .map(|it| format!("{} {}", outcomes.count(it), it.name().replace('-', " ")))
    .collect();
    if counts.is_empty() {
        counts.push("none".to_owned());
    }
    counts.join(", ")
}

/// `74 of 131 controls judged, 61 pass`.
fn in_one_line(framework: &Framework) -> String {
    let Tally { pass, warn, fail, .. } = framework.outcomes;
    let mut text =
        format!("{} of {} controls judged", pass + warn + fail, framework.controls.len());
    for (number, word) in [(pass, "pass"), (fail, "fail"), (warn, "warn")] {
        if number > 0 {
            text = format!("{text}, {number} {word}");
        }
    }
    framework.mismatch.iter().fold(text, |text, it| format!("{text}; {it}"))
}

/// What the reader has to know before any number is believed.
fn alarm(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let Some(word) = spoilt(report) else { return Ok(()) };
    page.gap()?;
    let text = if report.scan.interrupted {
        "the scan was stopped before its end. What it had not read is unknown, not fine.".to_owned()
    } else {
        let unread: Vec<&str> = report
            .collection
            .iter()
            .filter(|it| it.gaps.iter().any(|gap| gap.cause != "not-requested"))
            .map(|it| it.resource)
            .collect();
        let what = match unread.len() {
            0 => "something was not read".to_owned(),
            _ => format!("not read in full: {}", words::some(&unread, 4)),
        };
        format!("{what}. What is missing is unknown, not fine: see \"Not judged\".")
    };
    page.paragraph(
        page.start(0).text(Tone::Critical, word).to(word.len() + 1),
        Tone::Plain,
        &text,
        4,
    )
}

/// The word for a scan that did not read all that was asked for.
pub(crate) fn spoilt(report: &Report) -> Option<&'static str> {
    match (report.scan.interrupted, report.scan.complete) {
        (true, _) => Some("INTERRUPTED:"),
        (false, false) => Some("INCOMPLETE:"),
        (false, true) => None,
    }
}

/// A column of the matrix: title, width, and how an item fills it.
type Count = (&'static str, usize, fn(&Item) -> (Tone, String));

/// How the matrix is laid out: items under headings, or beside their row and column.
struct Layout {
    /// Where the title of an item starts: after `Applications` and `Operate`, or below them.
    title: usize,
    /// Where the columns of numbers start.
    numbers: usize,
    /// Whether the short titles are used.
    short: bool,
}

impl Layout {
    /// Columns of an item's short title.
    const SHORT: usize = 16;
    /// Where titles start beside their row and column.
    const BESIDE: usize = 23;

    /// The first of these that leaves `numbers` columns free; else the narrowest.
    fn of(page: &Page<'_>, items: &[Item], numbers: usize) -> Layout {
        let longest = items.iter().map(|it| page.measure(&it.title)).max().unwrap_or(0);
        let layout = |title, text, short| Layout { title, numbers: title + text, short };
        [layout(Self::BESIDE, longest, false), layout(Self::BESIDE, Self::SHORT, true)]
            .into_iter()
            .find(|it| it.numbers + numbers <= page.width)
            .unwrap_or(layout(2, Self::SHORT, true))
    }
}

fn matrix(page: &mut Page<'_>, items: &[Item]) -> io::Result<()> {
    let mut columns = columns(items);
    let needs = |columns: &[Count], between| columns.iter().map(|it| it.1 + between).sum::<usize>();
    let layout = Layout::of(page, items, needs(&columns, 1));
    while layout.numbers + needs(&columns, 1) > page.width {
        columns.pop();
    }
    let roomy = layout.numbers + needs(&columns, 2) <= page.width;
    let between = if roomy { 2 } else { 1 };

    page.gap()?;
    let titles = columns.iter().map(|(title, ..)| (Tone::Faint, (*title).to_owned()));
    let ends = |line: Line, texts: &mut dyn Iterator<Item = (Tone, String)>| {
        let mut at = layout.numbers;
        columns.iter().zip(texts).fold(line, |line, ((_, width, _), (tone, text))| {
            at += between + width;
            line.right(tone, &text, at)
        })
    };
    page.line(&ends(page.start(0), &mut titles.into_iter()))?;
    let mut before: Option<&Item> = None;
    for item in items {
        let row = before.is_none_or(|it| it.row != item.row);
        let column = row || before.is_none_or(|it| it.column != item.column);
        before = Some(item);
        let line = if layout.title == Layout::BESIDE {
            let row = if row { item.row.as_str() } else { "" };
            let column = if column { item.column.as_str() } else { "" };
            page.start(0).text(Tone::Plain, row).to(14).text(Tone::Plain, column).to(layout.title)
        } else {
            if column {
                let both = format!("{}, {}", item.row, item.column);
                page.line(&page.start(0).text(Tone::Plain, &both))?;
            }
            page.start(layout.title)
        };
        let title = if layout.short { &item.short } else { &item.title };
        let line = line.text(Tone::Plain, &page.fit(title, layout.numbers - layout.title));
        if item.checks.is_empty() {
            page.line(&line.to(layout.numbers + between).text(Tone::Faint, "no check"))?;
        } else {
            page.line(&ends(line, &mut columns.iter().map(|(.., value)| value(item))))?;
        }
    }
    Ok(())
}

/// The columns, the most telling first, for a narrow page drops the last.
fn columns(items: &[Item]) -> Vec<Count> {
    fn number(tone: Tone, number: u32) -> (Tone, String) {
        if number == 0 { (Tone::Faint, "-".to_owned()) } else { (tone, number.to_string()) }
    }
    let mut columns: Vec<Count> = vec![
        ("score", 5, |it| (Tone::Strong, words::score(it.score))),
        ("coverage", 8, |it| (Tone::Plain, words::percent(it.coverage))),
        ("fail", 4, |it| number(Tone::Bad, it.outcomes.fail)),
        ("warn", 4, |it| number(Tone::Warn, it.outcomes.warn)),
        ("unknown", 7, |it| number(Tone::Unsure, it.outcomes.unknown)),
    ];
    if items.iter().any(|it| it.outcomes.manual > 0) {
        columns.push(("manual", 6, |it| number(Tone::Plain, it.outcomes.manual)));
    }
    columns
}

fn do_first(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let faults = findings::faults(report, Outcome::Fail);
    page.heading("Do first")?;
    if faults.is_empty() {
        let nothing = match (report.summary.score, report.summary.coverage) {
            _ if report.checks.is_empty() => "No check was chosen.",
            (_, None) => "No check applies to this cluster.",
            (None, _) => "Nothing was judged: first let the scan read something, see below.",
            (_, Some(it)) if it < 1.0 => "No fault in what was judged; what was not is below.",
            _ => "No fault.",
        };
        return page.paragraph(page.start(2), Tone::Plain, nothing, 3);
    }
    let worst = &faults[0].check.id;
    let (detailed, brief) = findings::told_together(&faults, AT_LEAST, IN_DETAIL);
    for (fault, others) in detailed {
        title(page, fault)?;
        objects(page, fault)?;
        let fix = words::first_sentence(fault.check.remediation);
        page.paragraph(page.start(indent(page)).text(Tone::Good, "fix: "), Tone::Plain, fix, 3)?;
        same_objects(page, &others)?;
    }
    if !brief.is_empty() {
        page.heading("Then")?;
        brief.iter().try_for_each(|it| title(page, it))?;
    }
    page.gap()?;
    let first = page.start(0).text(Tone::Faint, "Why, and how to fix it: ");
    page.paragraph(first, Tone::Faint, &format!("kubectl assay explain {worst}"), 3)
}

/// The checks that find fault with the same objects: a few by their titles, the rest by their codes.
fn same_objects(page: &mut Page<'_>, others: &[&Fault<'_>]) -> io::Result<()> {
    if others.is_empty() {
        return Ok(());
    }
    let (named, rest) = others.split_at(others.len().min(OBJECTS));
    let mut parts: Vec<String> =
        named.iter().map(|it| format!("{} {}", it.check.code, it.check.title)).collect();
    if !rest.is_empty() {
        let codes: Vec<&str> = rest.iter().map(|it| it.check.code).collect();
        parts.push(codes.join(", "));
    }
    let first = page.start(indent(page)).text(Tone::Strong, "same objects: ");
    page.paragraph(first, Tone::Faint, &parts.join("; "), usize::MAX)
}

/// Severity, code, title and, at the right, the number of objects.
fn title(page: &mut Page<'_>, fault: &Fault<'_>) -> io::Result<()> {
    let Fault { check, severity: worst, objects } = fault;
    let count = match objects.len() {
        0 => String::new(),
        it => words::count(it, "object"),
    };
    let mut text = check.title.to_owned();
    if page.width >= ROOMY {
        text = format!("{text}  ({})", check.id);
    }
    // A number at the far end of a wide line would be hard to follow.
    let edge = page.width.min(ROOMY);
    let code =
        page.start(2).text(severity(*worst), worst.name()).to(12).text(Tone::Plain, check.code);
    if page.width < NARROW {
        page.line(&code.right(Tone::Plain, &count, edge))?;
        return page.paragraph(page.start(indent(page)), Tone::Strong, &text, 4);
    }
    let room = edge - TITLE - count.len() - 2;
    let mut lines = page.wrap(&text, (room, room), 4).into_iter();
    let first = code.to(TITLE).text(Tone::Strong, &lines.next().unwrap_or_default());
    page.line(&first.right(Tone::Plain, &count, edge))?;
    lines.try_for_each(|it| page.line(&page.start(TITLE).text(Tone::Strong, &it)))
}

/// Where what belongs to a check starts: below its code.
fn indent(page: &Page<'_>) -> usize {
    if page.width < NARROW { 4 } else { 12 }
}

/// The tone of a severity.
pub(crate) fn severity(severity: Severity) -> Tone {
    match severity {
        Severity::Critical => Tone::Critical,
        Severity::High => Tone::Bad,
        Severity::Medium => Tone::Warn,
        Severity::Low => Tone::Plain,
    }
}

/// Some of the objects at fault, a line each; names alone where nothing else tells them apart.
fn objects(page: &mut Page<'_>, fault: &Fault<'_>) -> io::Result<()> {
    /// Columns of the longest kind that is common: `ClusterRoleBinding`, and some.
    const KIND: usize = 22;
    /// Columns that say something of a container's name when its middle is left out.
    const LEAST: usize = 16;
    if let Some((kind, detail)) = alike(fault) {
        return names(page, fault, &page.fit(kind, KIND), &detail);
    }
    let all = fault.objects.len();
    let shown = &fault.objects[..if all <= OBJECTS + 1 { all } else { OBJECTS }];
    let widest = |of: &dyn Fn(&OnObject<'_>) -> usize| shown.iter().map(of).max().unwrap_or(0);
    let kind = widest(&|it| page.measure(&it.object.kind)).min(KIND);
    let name = widest(&|it| page.measure(&self::name(it)));
    let pods = widest(&|it| it.pods().map_or(0, |it| it.len() + 2));
    let start = indent(page) + kind + 2;
    let room = page.width.saturating_sub(start + pods);
    let full = widest(&|it| page.measure(&in_full(it, fault)));
    let text = if name + 2 + full <= room { in_full } else { in_brief };
    // Containers stand beside a name, which gives way to them; other details can stand below it.
    let stands_beside = |it: &OnObject<'_>| page.width >= NARROW && !it.containers().is_empty();
    let beside =
        widest(&|it| if stands_beside(it) { page.measure(&text(it, fault)) + 2 } else { 0 });
    let name = name.min(room.saturating_sub(beside.min(room / 2)));
    for object in shown {
        let mut line = page
            .start(indent(page))
            .text(Tone::Plain, &page.fit(&object.object.kind, kind))
            .to(start)
            .text(Tone::Strong, &page.fit(&self::name(object), name));
        if let Some(pods_of) = object.pods() {
            line = line.to(start + name).right(Tone::Plain, &pods_of, start + name + pods);
        }
        let text = text(object, fault);
        let after = start + name + pods + 2;
        let left = page.width.saturating_sub(after);
        if page.measure(&text) <= left {
            page.line(&line.to(after).text(Tone::Plain, &text))?;
        } else if object.containers().is_empty() && page.width >= NARROW {
            page.line(&line)?;
            let first = page.start(indent(page) + 2);
            let full = in_full(object, fault);
            // The field is left out first: the title tells as much.
            let text = if page.measure(&full) + first.width() > page.width { text } else { full };
            page.paragraph(first, Tone::Plain, &text, 2)?;
        } else if left >= LEAST {
            page.line(&line.to(after).text(Tone::Plain, &page.fit(&text, left)))?;
        } else {
            page.line(&line)?;
        }
    }
    more(page, fault, all - shown.len())
}

/// As many names as two lines hold, and what was seen of each.
fn names(page: &mut Page<'_>, fault: &Fault<'_>, kind: &str, detail: &str) -> io::Result<()> {
    let names: Vec<String> = fault.objects.iter().map(name).collect();
    let first = page.start(indent(page)).text(Tone::Plain, kind);
    let first = first.text(Tone::Plain, "  ");
    let room = (2 * page.width).saturating_sub(2 * first.width() + " and 10000 more".len());
    let mut used = 0;
    let fits = names.iter().take_while(|it| {
        used += page.measure(it) + 2;
        used <= room
    });
    let shown = fits.count().max(1);
    let left = if names.len() <= shown + 1 { 0 } else { names.len() - shown };
    page.paragraph(first, Tone::Strong, &words::some(&names, shown), 3)?;
    if !detail.is_empty() {
        page.paragraph(page.start(indent(page)), Tone::Plain, detail, 3)?;
    }
    more(page, fault, left)
}

/// Says how to see the objects that are not shown.
fn more(page: &mut Page<'_>, fault: &Fault<'_>, left: usize) -> io::Result<()> {
    if left == 0 {
        return Ok(());
    }
    let text = format!(
        "{} {left} more: kubectl assay --check {} -o wide",
        page.ellipsis(),
        fault.check.id
    );
    page.paragraph(page.start(indent(page)), Tone::Faint, &text, 2)
}

/// `shop/web`, `worker-1`.
pub(crate) fn name(on: &OnObject<'_>) -> String {
    match on.object.namespace.as_str() {
        "" => on.object.name.clone(),
        namespace => format!("{namespace}/{}", on.object.name),
    }
}

/// Kind of two or more objects that differ by name only, and what was seen on each of them.
fn alike<'r>(fault: &Fault<'r>) -> Option<(&'r str, String)> {
    let [first, rest @ ..] = fault.objects.as_slice() else { return None };
    let bare = |it: &OnObject<'_>| it.pods().is_none() && it.containers().is_empty();
    let seen = in_full(first, fault);
    let same =
        |it: &OnObject<'_>| it.object.kind == first.object.kind && in_full(it, fault) == seen;
    let alike = !rest.is_empty() && fault.objects.iter().all(bare) && rest.iter().all(same);
    alike.then_some((first.object.kind.as_str(), seen))
}

/// What was seen on an object: containers, field and value.
fn in_full(on: &OnObject<'_>, fault: &Fault<'_>) -> String {
    let mut text = match on.containers().as_slice() {
        [] => String::new(),
        [one] => format!("container {one}: "),
        many => format!("containers {}: ", words::some(many, 2)),
    };
    text += &findings::seen(on.findings[0]);
    text += &others(on);
    if has_drifted(on) {
        text += " (drifted from its template)";
    }
    graded(on, fault, text)
}

/// What tells an object's finding from its neighbours': containers, or else the value.
fn in_brief(on: &OnObject<'_>, fault: &Fault<'_>) -> String {
    let mut text = match on.containers().as_slice() {
        [] => on.findings[0].detail.to_string() + &others(on),
        names => format!("in {}", words::some(names, 2)),
    };
    if has_drifted(on) {
        text += " (drifted)";
    }
    graded(on, fault, text)
}

fn others(on: &OnObject<'_>) -> String {
    match on.findings.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    }
}

/// Whether running pods are at fault, and what they were made from is not.
fn has_drifted(on: &OnObject<'_>) -> bool {
    on.findings.iter().all(|it| it.template == Some(false))
}

/// The severity, where it is not that of the check's worst finding.
fn graded(on: &OnObject<'_>, fault: &Fault<'_>, text: String) -> String {
    if on.severity == fault.severity { text } else { format!("{}: {text}", on.severity.name()) }
}

fn weaknesses(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let faults = findings::faults(report, Outcome::Warn);
    if faults.is_empty() {
        return Ok(());
    }
    page.heading("Weaknesses, below a fault")?;
    let shown = if faults.len() <= SHORT + 1 { faults.len() } else { SHORT };
    for fault in &faults[..shown] {
        title(page, fault)?;
    }
    the_rest(page, faults.len() - shown)
}

/// Says how many lines of a short list are not shown.
fn the_rest(page: &mut Page<'_>, left: usize) -> io::Result<()> {
    if left == 0 {
        return Ok(());
    }
    let text = format!("{} {left} more: -o wide", page.ellipsis());
    page.line(&page.start(2).text(Tone::Faint, &text))
}

/// A row of what was not read: what it costs, what it is, and what comes next.
struct Gap {
    cost: String,
    what: String,
    next: (&'static str, String),
}

impl Gap {
    fn of(missing: &gaps::Missing<'_>, most: usize) -> Gap {
        let (cost, also) = match (missing.undecided.len(), missing.in_part.len()) {
            (0, part) => (format!("{part} in part"), String::new()),
            (all, 0) => (words::count(all, "check"), String::new()),
            (all, part) => (words::count(all, "check"), format!(" ({part} more in part)")),
        };
        let next = missing.next(most).unwrap_or_default();
        Gap { cost, what: missing.what(most) + &also, next }
    }
}

fn not_judged(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let missing = gaps::missing(report);
    let unexplained = gaps::unexplained(report);
    if missing.is_empty() && unexplained.is_empty() {
        return Ok(());
    }
    let share = report.summary.coverage.map_or(String::new(), |it| {
        // What 100 leaves of the coverage that is shown, so that the two add up.
        format!(" ({} %)", 100 - words::hundredths(it))
    });
    page.heading(&format!("Not judged{share}"))?;

    let most = if page.width >= ROOMY { 6 } else { 3 };
    let shown = if missing.len() <= GAPS + 1 { missing.len() } else { GAPS };
    let rows: Vec<Gap> = missing[..shown].iter().map(|it| Gap::of(it, most)).collect();
    let widest = |of: &dyn Fn(&Gap) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let first = 4 + widest(&|it| it.cost.len()).max("1 check".len());
    let what = widest(&|it| page.measure(&it.what));
    let next = widest(&|it| page.measure(&it.next.1) + it.next.0.len());
    let beside = first + what + 2 + next <= page.width;
    for row in &rows {
        // Numbers are aligned by their last digit.
        let (number, noun) = row.cost.split_once(' ').unwrap_or((&row.cost, ""));
        let start = page
            .start(0)
            .right(Tone::Unsure, number, first - "checks".len() - 3)
            .text(Tone::Unsure, &format!(" {noun}"))
            .to(first);
        let (label, next) = (row.next.0, row.next.1.as_str());
        if beside {
            let line = start.text(Tone::Plain, &row.what).to(first + what + 2);
            page.line(&line.text(Tone::Good, label).text(Tone::Plain, next))?;
        } else {
            page.paragraph(start, Tone::Plain, &row.what, 3)?;
            if !next.is_empty() {
                let start = page.start(first).text(Tone::Good, label);
                page.paragraph(start, Tone::Plain, next, 3)?;
            }
        }
    }
    the_rest(page, missing.len() - shown)?;
    if !unexplained.is_empty() {
        let codes: Vec<&str> = unexplained.iter().map(|it| it.code).collect();
        let start = page.start(2).text(Tone::Unsure, &words::count(codes.len(), "check")).to(first);
        let text = format!("evidence that only -o wide can tell of: {}", words::some(&codes, most));
        page.paragraph(start, Tone::Plain, &text, 3)?;
    }
    Ok(())
}

/// The checks that only a person can answer.
pub(crate) fn questions(report: &Report) -> Vec<&CheckReport> {
    let open = |it: &&CheckReport| findings::standing(it) == Standing::Outcome(Outcome::Manual);
    report.checks.iter().filter(open).collect()
}

fn manual(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let open = questions(report);
    if open.is_empty() {
        return Ok(());
    }
    page.heading("Only a person can tell")?;
    let shown = if open.len() <= SHORT + 1 { open.len() } else { SHORT };
    for check in &open[..shown] {
        let first = page.start(2).text(Tone::Plain, check.code).to(15);
        page.paragraph(first, Tone::Plain, check.question.as_deref().unwrap_or(check.title), 2)?;
    }
    the_rest(page, open.len() - shown)
}

fn waived(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let covered = report.checks.iter().flat_map(|it| &it.findings);
    let mut ids: Vec<&str> = covered.filter_map(|it| it.waiver.as_deref()).collect();
    let number = ids.len();
    if number == 0 {
        return Ok(());
    }
    ids.sort_unstable();
    ids.dedup();
    page.gap()?;
    let first = page.start(0).text(Tone::Strong, "Waived: ");
    let text = format!("{} by {}", words::count(number, "finding"), words::some(&ids, 4));
    page.paragraph(first, Tone::Plain, &text, 3)
}

/// What the scan cost the API server, and once more what spoils it.
fn bill(page: &mut Page<'_>, report: &Report, wide: bool) -> io::Result<()> {
    let sum = |of: fn(&assay_model::report::Collected) -> u64| {
        report.collection.iter().map(of).sum::<u64>()
    };
    let [requests, bytes, retries] =
        [sum(|it| it.requests), sum(|it| it.bytes), sum(|it| it.retries)];
    let seconds = report.scan.finished.duration_since(report.scan.started).as_secs_f64();
    page.gap()?;
    if let Some(word) = spoilt(report) {
        let text = "this report is about a part of the cluster; the rest is unknown.";
        page.paragraph(
            page.start(0).text(Tone::Critical, word).to(word.len() + 1),
            Tone::Plain,
            text,
            2,
        )?;
    }
    let cost = match requests {
        0 => "No request was sent.".to_owned(),
        1 => format!(
            "1 request, {}, {}, {}.",
            words::bytes(bytes),
            words::seconds(seconds),
            tries(retries)
        ),
        it => format!(
            "{it} requests, {}, {}, {}.",
            words::bytes(bytes),
            words::seconds(seconds),
            tries(retries)
        ),
    };
    let mut items: Vec<Line> = vec![page.start(0).text(Tone::Faint, &cost)];
    if !wide {
        items.push(page.start(0).text(Tone::Faint, "Details: -o wide"));
    }
    page.flow(items)
}

fn tries(retries: u64) -> String {
    if retries == 1 { "1 retry".to_owned() } else { format!("{retries} retries") }
}
