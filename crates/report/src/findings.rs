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

/// A fault, and those that are told with it.
pub(crate) type Told<'f, 'r> = (&'f Fault<'r>, Vec<&'f Fault<'r>>);

/// The faults that are told with their objects, and the others.
///
/// At least `fewest` and at most `most` are told so, those that are critical or high before the others.
/// With each come those of its item of the matrix that are on no other objects: whoever mends the one
/// mends most of them, as with all that a `cluster-admin` may do. They come sorted by code.
pub(crate) fn told_together<'f, 'r>(
    faults: &'f [Fault<'r>],
    fewest: usize,
    most: usize,
) -> (Vec<Told<'f, 'r>>, Vec<&'f Fault<'r>>) {
    let (mut told, mut brief): (Vec<Told<'_, '_>>, Vec<_>) = (Vec::new(), Vec::new());
    for fault in faults {
        let on_the_same = |(lead, _): &&mut Told<'_, '_>| {
            let among = |it: &OnObject<'_>| lead.objects.iter().any(|of| of.object == it.object);
            lead.check.item == fault.check.item
                && !fault.objects.is_empty()
                && fault.objects.iter().all(among)
        };
        let pressing = fault.severity >= Severity::High;
        if let Some((_, others)) = told.iter_mut().find(on_the_same) {
            others.push(fault);
        } else if told.len() < if pressing { most } else { fewest } {
            told.push((fault, Vec::new()));
        } else {
            brief.push(fault);
        }
    }
    for (_, others) in &mut told {
        others.sort_by_key(|it| it.check.code);
    }
    (told, brief)
}

/// What was seen, with where: `spec.hostNetwork is true`. A finding's detail is words that follow
/// its path.
pub(crate) fn seen(finding: &Finding) -> String {
    match &*finding.path {
        "" => finding.detail.to_string(),
        path => format!("{path} {}", finding.detail),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use assay_model::{Basis, Cause, Gap, Resource, report::Fingerprint};

    use super::*;

    fn check(outcome: Outcome, findings: Vec<Finding>) -> CheckReport {
        CheckReport {
            code: "APP-PSP-001",
            id: "privileged-container",
            title: "container is privileged",
            severity: Severity::High,
            item: "APP-PSP".to_owned(),
            outcome,
            basis: Some(Basis::Observed),
            needs: vec![Resource::Pods],
            rationale: "",
            remediation: "",
            references: vec![],
            subjects: BTreeMap::new(),
            unseen: vec![],
            gaps: vec![],
            hints: vec![],
            reason: None,
            question: None,
            findings,
        }
    }

    fn finding(outcome: Outcome, name: &str, waiver: Option<&str>) -> Finding {
        Finding {
            outcome,
            severity: Severity::High,
            object: Arc::new(ObjectReference {
                api_version: "apps/v1".to_owned(),
                kind: "Deployment".to_owned(),
                namespace: "shop".to_owned(),
                name: name.to_owned(),
            }),
            container: None,
            path: "".into(),
            detail: "is bad".into(),
            basis: Basis::Observed,
            pods: 0,
            template: Some(true),
            fingerprint: Fingerprint(0),
            waiver: waiver.map(Into::into),
        }
    }

    #[test]
    fn a_waiver_covers_its_finding_and_nothing_else() {
        use Outcome::{Fail, Unknown, Warn};
        let stands = |check: &CheckReport| standing(check);
        let waived = || finding(Fail, "web", Some("w"));

        assert_eq!(stands(&check(Fail, vec![])), Standing::Outcome(Fail));
        assert_eq!(stands(&check(Fail, vec![waived()])), Standing::Waived);
        let one_left = check(Fail, vec![waived(), finding(Fail, "cart", None)]);
        assert_eq!(stands(&one_left), Standing::Outcome(Fail));
        let weakness_left = check(Fail, vec![waived(), finding(Warn, "cart", None)]);
        assert_eq!(stands(&weakness_left), Standing::Outcome(Warn));

        let mut unseen = check(Fail, vec![waived()]);
        unseen.unseen = vec![(&Gap::whole(Resource::Pods, Cause::Forbidden, "")).into()];
        assert_eq!(stands(&unseen), Standing::Outcome(Unknown));
        let mut undecided = check(Fail, vec![waived()]);
        undecided.subjects.insert("unknown", 1);
        assert_eq!(stands(&undecided), Standing::Outcome(Unknown));
    }

    #[test]
    fn objects_stand_once_and_worst_first() {
        use Outcome::{Fail, Warn};
        let critical = Finding { severity: Severity::Critical, ..finding(Fail, "b", None) };
        let in_container = |name: &str, pods| Finding {
            container: Some(name.into()),
            pods,
            ..finding(Fail, "a", None)
        };
        let check = check(
            Fail,
            vec![
                in_container("x", 3),
                finding(Warn, "c", None),
                in_container("y", 1),
                in_container("x", 3),
                finding(Fail, "d", Some("w")),
                critical,
            ],
        );
        let objects = by_object(&check, Fail);
        let shown: Vec<_> = objects
            .iter()
            .map(|it| (it.object.name.as_str(), it.severity, it.containers(), it.pods()))
            .collect();
        assert_eq!(
            shown,
            [
                ("b", Severity::Critical, vec![], Some("no pods".to_owned())),
                ("a", Severity::High, vec!["x", "y"], Some("3 pods".to_owned())),
            ]
        );
        assert_eq!(objects[1].findings.len(), 3);
    }
}
