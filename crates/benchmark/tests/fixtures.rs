//! Each fixture is a test of its own, named by its path: `fixtures/<check>/<outcome>/<case>.yaml`, or a
//! folder `<case>/` with `objects.yaml`.
//!
//! The objects are taken as the whole cluster. A folder may also hold `configz/<node>.json`, and
//! `evidence.json` for what no manifest shows. What was found stands beside the case in `<case>.snap`.

mod common;

use std::path::Path;

use assay_benchmark::{Facts, checks, run};
use assay_model::{Inventory, Outcome};

datatest_stable::harness! {
    { test = fixture, root = "fixtures", pattern = r"/(pass|fail|warn|manual|unknown|not-applicable)/[^/]+(\.yaml|/objects\.yaml)$" },
}

fn fixture(path: &Path) -> datatest_stable::Result<()> {
    let case = if path.ends_with("objects.yaml") { path.parent().ok_or("no case")? } else { path };
    let expected = case.parent().ok_or("no outcome directory")?.canonicalize()?;
    let name = |path: &Path| path.file_name().unwrap_or_default().display().to_string();
    let id = name(expected.parent().ok_or("no check directory")?);
    let check = checks::find(&id).ok_or_else(|| format!("no check is called {id}"))?;
    let outcome = Outcome::ALL
        .into_iter()
        .find(|it| it.name() == name(&expected))
        .ok_or_else(|| format!("{} is no outcome", name(&expected)))?;

    let inventory = Inventory::from(common::world(case)?);
    let settings = common::settings(case);
    let verdict = run(check, &Facts::of(&inventory, &settings));

    let mut lines: Vec<String> = verdict.findings.iter().map(common::line).collect();
    lines.sort();
    let gaps = verdict.gaps.iter().flat_map(assay_model::Unknown::gaps);
    lines.extend(gaps.map(|it| format!("unknown: {it}")));
    lines.extend(verdict.reason.iter().map(|it| format!("not applicable: {it}")));
    lines.extend(verdict.hints.iter().map(|it| format!("hint: {it}")));
    if verdict.outcome != outcome {
        let seen = verdict.outcome.name();
        return Err(format!("expected {}, got {seen}\n{}", outcome.name(), lines.join("\n")).into());
    }
    if !lines.is_empty() {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&expected);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let stem = case.file_stem().unwrap_or_default().display().to_string();
        settings.bind(|| insta::assert_snapshot!(stem, lines.join("\n")));
    }
    Ok(())
}
