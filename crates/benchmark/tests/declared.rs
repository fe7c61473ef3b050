//! What the user declares, and the day of the scan, reach the verdict. Fixtures have neither.

mod common;

use std::path::Path;

use assay_benchmark::{
    Facts, Settings, checks, run,
    settings::{Allow, Declaration},
};
use assay_model::{Inventory, Outcome, Snapshot, rbac::Subject};

/// The verdict on a fixture: its outcome, and its findings as lines.
fn verdict(fixture: &str, day: &str, declared: &[Declaration]) -> (Outcome, Vec<String>) {
    let (id, _) = fixture.split_once('/').expect("check/outcome/case");
    let mut snapshot = common::world(&Path::new("fixtures").join(fixture)).expect("a fixture");
    snapshot.origin.started = day.parse().expect("a time");
    let settings = Settings { declared: declared.iter().copied().collect(), ..Settings::default() };
    judged(id, snapshot, &settings)
}

fn judged(id: &str, snapshot: Snapshot, settings: &Settings) -> (Outcome, Vec<String>) {
    let check = checks::find(id).expect("a check");
    let inventory = Inventory::from(snapshot);
    let verdict = run(check, &Facts::of(&inventory, settings));
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

#[test]
fn an_allowed_account_is_a_weakness_where_its_pods_are_exposed() {
    let id = "cluster-admin-equivalent";
    let account =
        Subject { kind: "ServiceAccount".into(), namespace: "ci".into(), name: "deployer".into() };
    let allowed = |case: &str, check: &str| {
        let path = Path::new("fixtures").join(id).join(case);
        let allow = Allow { check: Some(check.to_owned()), subject: account.clone() };
        let settings = Settings { allow: vec![allow], ..Settings::default() };
        judged(id, common::world(&path).expect("a fixture"), &settings)
    };
    assert_eq!(allowed("fail/account-that-runs-inside.yaml", id), (Outcome::Pass, Vec::new()));
    let (outcome, lines) = allowed("fail/exposed-account.yaml", id);
    assert_eq!(outcome, Outcome::Warn);
    let why = "which is allowed, but a pod that mounts its token is exposed to the outside";
    assert!(lines.iter().all(|it| it.starts_with("warn ") && it.ends_with(why)), "{lines:#?}");
    // Who is allowed one thing is not allowed another.
    let (outcome, _) = allowed("fail/exposed-account.yaml", "wildcard-verbs");
    assert_eq!(outcome, Outcome::Fail);
}
