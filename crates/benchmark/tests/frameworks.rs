//! What is promised of the framework editions: what they name exists, and nothing that exists is
//! forgotten.

use std::collections::BTreeSet;

use assay_benchmark::{
    Check,
    checks::{self, SECTIONS},
    data::{Tables, framework::editions, matrix},
};

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The check of an id, which is what editions name; codes are for the catalogue.
fn by_id(id: &str) -> Option<&'static Check> {
    checks::all().find(|it| it.id == id)
}

#[test]
fn everything_that_is_compiled_in_can_be_read() {
    assert_eq!(matrix().len(), SECTIONS.len());
    assert!(!editions().is_empty());
    // Each of its tables is read when it is made.
    assert!(!Tables::get().scanners.is_empty());
}

#[test]
fn every_check_that_an_edition_names_exists() {
    let mut faults = Vec::new();
    for edition in editions() {
        for control in &edition.control {
            let missing = control.checks.iter().filter(|id| by_id(id).is_none());
            faults.extend(missing.map(|id| format!("{} {}: no {id}", edition.id, control.id)));
            let distinct: BTreeSet<&String> = control.checks.iter().collect();
            if distinct.len() < control.checks.len() {
                faults.push(format!("{} {}: names a check twice", edition.id, control.id));
            }
        }
    }
    none(&faults);
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

#[test]
fn a_control_is_judged_in_one_way() {
    let mut faults = Vec::new();
    for edition in editions() {
        for control in &edition.control {
            let judged = !control.checks.is_empty();
            let ways = [judged, control.evidence.is_some(), control.manual.is_some()];
            let at = format!("{} {}", edition.id, control.id);
            if ways.iter().filter(|it| **it).count() != 1 {
                faults.push(format!("{at}: not exactly one of checks, evidence and manual"));
            }
            if control.partial.is_some() && !judged {
                faults.push(format!("{at}: partial, but of no check"));
            }
        }
    }
    none(&faults);
}

/// A control is a roll-up of rows of the catalogue, and a check is a row: a check that was written
/// after the edition must not be forgotten there.
#[test]
fn a_control_names_the_checks_of_its_rows() {
    let mut faults = Vec::new();
    for edition in editions() {
        for control in &edition.control {
            let rows: BTreeSet<&str> = control.rows.iter().map(String::as_str).collect();
            let named: BTreeSet<&str> =
                control.checks.iter().filter_map(|it| by_id(it)).map(|it| it.code).collect();
            let there: BTreeSet<&str> =
                checks::all().map(|it| it.code).filter(|it| rows.contains(it)).collect();
            let at = format!("{} {}", edition.id, control.id);
            let foreign = named.difference(&rows);
            faults.extend(foreign.map(|it| format!("{at}: names the check {it}, which is no row")));
            let left_out = there.difference(&named);
            faults.extend(left_out.map(|it| format!("{at}: leaves out the check of its row {it}")));
        }
    }
    none(&faults);
}
