//! Findings as people count them: by object, worst first, without those that were waived.

use std::{cmp::Reverse, collections::BTreeMap};

use assay_model::{
    Outcome, Report, Severity,
    report::{CheckReport, Finding, ObjectReference},
};

/// What is left to say of a check when its waived findings are put aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its outcome, or what it would be without the waived findings.
    Outcome(Outcome),
    /// All that was found is waived, and nothing else stands in the way of a pass.
    Waived,
}

/// The standing of a check.
pub(crate) fn standing(check: &CheckReport) -> Standing {
    let found = |outcome| check.findings.iter().filter(move |it| it.outcome == outcome);
    let stands = |outcome| found(outcome).any(|it| it.waiver.is_none());
    let waived = |outcome| found(outcome).next().is_some() && !stands(outcome);
    let subjects = |outcome: Outcome| check.subjects.get(outcome.name()).copied().unwrap_or(0) > 0;
    match check.outcome {
        it @ (Outcome::Fail | Outcome::Warn) if waived(it) => {
            // The fault hid what would have come next, and a waiver covers the fault alone.
            if subjects(Outcome::Unknown) || !check.unseen.is_empty() {
                Standing::Outcome(Outcome::Unknown)
            } else if subjects(Outcome::Manual) {
                Standing::Outcome(Outcome::Manual)
            } else if stands(Outcome::Warn) {
                Standing::Outcome(Outcome::Warn)
            } else {
                Standing::Waived
            }
        }
        it => Standing::Outcome(it),
    }
}

/// An object, with what was found on it.
#[derive(Debug, Clone)]
pub(crate) struct OnObject<'r> {
    /// The top owner of what is at fault.
    pub(crate) object: &'r ObjectReference,
    /// The worst of its findings.
    pub(crate) severity: Severity,
    /// In the report's order; never empty.
    pub(crate) findings: Vec<&'r Finding>,
}

impl OnObject<'_> {
    /// The containers at fault, each once.
    pub(crate) fn containers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.findings.iter().filter_map(|it| it.container.as_deref()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// `4 pods`, `no pods`; `None` for what does not run in pods, and for a pod itself.
    pub(crate) fn pods(&self) -> Option<String> {
        // Findings on one object are about the same pods, or about some of them.
        let pods = self.findings.iter().map(|it| it.pods).max().unwrap_or(0);
        let runs = self.findings.iter().any(|it| it.template.is_some() || it.container.is_some());
        match pods {
            _ if self.object.kind == "Pod" => None,
            0 => runs.then(|| "no pods".to_owned()),
            1 => Some("1 pod".to_owned()),
            it => Some(format!("{it} pods")),
        }
    }
}

/// The findings of this outcome that nobody waived, by object: worst first, then in the report's
/// order.
pub(crate) fn by_object(check: &CheckReport, outcome: Outcome) -> Vec<OnObject<'_>> {
    let mut objects: Vec<OnObject<'_>> = Vec::new();
    let mut places: BTreeMap<&ObjectReference, usize> = BTreeMap::new();
    let counts = |it: &&Finding| it.outcome == outcome && it.waiver.is_none();
    for finding in check.findings.iter().filter(counts) {
        let place = *places.entry(&finding.object).or_insert(objects.len());
        if place == objects.len() {
            let severity = finding.severity;
            objects.push(OnObject { object: &finding.object, severity, findings: Vec::new() });
        }
        objects[place].severity = objects[place].severity.max(finding.severity);
        objects[place].findings.push(finding);
    }
    objects.sort_by_key(|it| Reverse(it.severity));
    objects
}

/// A check that stands at fail or warn, with the objects that make it so.
#[derive(Debug, Clone)]
pub(crate) struct Fault<'r> {
    /// The check.
    pub(crate) check: &'r CheckReport,
    /// The worst of its findings; the check's own when it has none.
    pub(crate) severity: Severity,
    /// Empty when the fault is no object's.
    pub(crate) objects: Vec<OnObject<'r>>,
}

/// The checks that stand at `outcome`: worst severity first, then by number of objects, then by
/// code.
pub(crate) fn faults(report: &Report, outcome: Outcome) -> Vec<Fault<'_>> {
    let mut faults: Vec<Fault<'_>> = report
        .checks
        .iter()
        .filter(|it| standing(it) == Standing::Outcome(outcome))
        .map(|check| {
            let objects = by_object(check, outcome);
            let severity = objects.first().map_or(check.severity, |it| it.severity);
            Fault { check, severity, objects }
        })
        .collect();
    faults.sort_by_key(|it| (Reverse(it.severity), Reverse(it.objects.len()), it.check.code));
    faults
}

/// What was seen, with where: `spec.hostNetwork is true`. A finding's detail is words that follow
/// its path.
pub(crate) fn seen(finding: &Finding) -> String {
    match finding.path.as_str() {
        "" => finding.detail.clone(),
        path => format!("{path} {}", finding.detail),
    }
}
