//! What the user declares, and the day of the scan, reach the verdict. Fixtures have neither.

mod common;

use std::path::Path;

use assay_benchmark::{Facts, Settings, checks, run, settings::Declaration};
use assay_model::{Inventory, Outcome};

/// The verdict on a fixture: its outcome, and its findings as lines.
fn verdict(fixture: &str, day: &str, declared: &[Declaration]) -> (Outcome, Vec<String>) {
    let (id, _) = fixture.split_once('/').expect("check/outcome/case");
    let check = checks::find(id).expect("a check");
    let mut snapshot = common::world(&Path::new("fixtures").join(fixture)).expect("a fixture");
    snapshot.origin.started = day.parse().expect("a time");
    let settings = Settings { declared: declared.iter().copied().collect(), ..Settings::default() };
    let inventory = Inventory::from(snapshot);
    let verdict = run(check, &Facts::of(&inventory, &settings));
    (verdict.outcome, verdict.findings.iter().map(common::line).collect())
}

#[test]
fn registry_scanning_stands_in_for_a_scanner() {
    let case = "no-image-scanner/fail/none.yaml";
    assert_eq!(verdict(case, common::NOW, &[]).0, Outcome::Fail);
    let declared = [Declaration::RegistryScanning];
    assert_eq!(verdict(case, common::NOW, &declared), (Outcome::Pass, Vec::new()));
}

#[test]
fn extended_support_is_a_weakness_where_it_is_declared() {
    let case = "end-of-life-os/fail/extended-support-not-declared.yaml";
    let (outcome, lines) = verdict(case, common::NOW, &[Declaration::ExtendedSupport]);
    assert_eq!(outcome, Outcome::Warn);
    let line = "warn high Node node-1: status.nodeInfo.osImage is `Debian GNU/Linux 12 (bookworm)`, \
                with extended support only, until 2028-06-30";
    assert_eq!(lines, [line]);
}

#[test]
fn a_table_of_more_than_180_days_does_not_pass() {
    let case = "end-of-life-os/pass/supported-release.yaml";
    assert_eq!(verdict(case, common::NOW, &[]).0, Outcome::Pass);
    let (outcome, lines) = verdict(case, "2028-11-23T12:00:00Z", &[]);
    assert_eq!(outcome, Outcome::Warn);
    assert!(lines[0].contains("supported as far as was known on"), "{lines:?}");
}

#[test]
fn a_table_of_patches_of_more_than_180_days_does_not_pass() {
    let case = "outdated-patch-release/pass/latest.yaml";
    let (outcome, lines) = verdict(case, "2028-11-23T12:00:00Z", &[]);
    assert_eq!(outcome, Outcome::Warn);
    assert!(lines[0].contains("up to date as far as was known on"), "{lines:?}");
}
