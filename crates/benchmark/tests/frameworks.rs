//! What is promised of the framework editions: what they name exists, and nothing that exists is
//! forgotten.

use std::collections::BTreeSet;

use assay_benchmark::{
    checks::{self, SECTIONS},
    data::{
        Tables,
        framework::{editions, for_server},
        matrix,
    },
};

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn everything_that_is_compiled_in_can_be_read() {
    assert_eq!(matrix().len(), SECTIONS.len());
    assert!(!editions().is_empty());
    // Each of its tables is read when it is made.
    assert!(!Tables::get().scanners.is_empty());
}

#[test]
fn every_check_is_in_one_item_of_the_matrix() {
    let mut faults = Vec::new();
    for check in checks::all() {
        let sections =
            SECTIONS.iter().filter(|(_, of)| of.iter().any(|it| it.code == check.code)).count();
        let items = matrix().iter().filter(|it| it.code == check.item()).count();
        if (sections, items) != (1, 1) {
            faults.push(format!("{}: {sections} sections, {items} items", check.code));
        }
    }
    none(&faults);
}

/// A control without checks says what it would need, or asks.
#[test]
fn every_control_is_judged_or_says_what_it_would_take() {
    let mut faults = Vec::new();
    for edition in editions() {
        assert!(!edition.controls.is_empty(), "{}", edition.id);
        for control in &edition.controls {
            let at = format!("{} {}", edition.id, control.id);
            let codes: BTreeSet<&str> = control.checks.iter().map(|it| it.code).collect();
            if codes.len() < control.checks.len() {
                faults.push(format!("{at}: a row stands twice"));
            }
            let silent = control.evidence.is_none() && control.manual.is_none();
            if control.checks.is_empty() && silent {
                faults.push(format!("{at}: says nothing"));
            }
        }
    }
    none(&faults);
}

#[test]
fn an_edition_that_names_another_has_its_controls() {
    let ids = |id: &str| {
        let edition = editions().iter().find(|it| it.id == id).expect("it ships");
        edition.controls.iter().map(|it| it.id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(ids("cis-kubernetes-1.12"), ids("cis-kubernetes-2.0.1"));
    assert_eq!(ids("cis-kubernetes-1.12").len(), 131);
}

#[test]
fn of_each_family_the_edition_for_the_server_is_chosen() {
    let chosen = |minor| {
        let editions = for_server(minor);
        let families: BTreeSet<&str> = editions.iter().map(|it| it.family()).collect();
        assert_eq!(families.len(), editions.len());
        let cis = editions.iter().find(|it| it.family() == "cis-kubernetes").expect("one");
        (cis.id.as_str(), cis.mismatch(minor))
    };
    assert_eq!(chosen(Some((1, 33))), ("cis-kubernetes-1.12", None));
    assert_eq!(chosen(Some((1, 34))), ("cis-kubernetes-2.0.1", None));
    assert_eq!(chosen(None), ("cis-kubernetes-2.0.1", None));
    let newer = "made for Kubernetes 1.34 to 1.35, the server runs 1.37".to_owned();
    assert_eq!(chosen(Some((1, 37))), ("cis-kubernetes-2.0.1", Some(newer)));
    let older = "made for Kubernetes 1.32 to 1.34, the server runs 1.20".to_owned();
    assert_eq!(chosen(Some((1, 20))), ("cis-kubernetes-1.12", Some(older)));
}
