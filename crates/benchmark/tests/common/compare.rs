//! Two views of one cluster, one of which saw less: it may say UNKNOWN more often, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use assay_benchmark::{Check, Facts, Settings, Verdict, engine::run_watched};
use assay_model::{
    Inventory, Outcome, Scope, Severity, Snapshot, Unknown, report::ObjectReference,
};

use crate::common;

/// A place in an object, as far as it stays the same when a pod's owner is told otherwise.
type Key = (Outcome, Severity, String, String, String);

/// What checks say of one reading of a cluster.
#[derive(Debug)]
pub(crate) struct View {
    /// Each pod's workloads, by namespace and name; one, unless two pods have one name.
    owners: BTreeMap<(String, String), BTreeSet<ObjectReference>>,
    /// Each workload's pods.
    pods: BTreeMap<ObjectReference, BTreeSet<(String, String)>>,
    judged: Vec<Judged>,
    /// Whether the report is about workloads with some label only.
    selects: bool,
}

/// What one check says.
#[derive(Debug)]
struct Judged {
    verdict: Verdict,
    /// Outcomes by subject; more than one where two subjects are called the same.
    subjects: BTreeMap<ObjectReference, BTreeSet<Outcome>>,
}

impl View {
    /// What `checks` say, in their order.
    pub(crate) fn of(snapshot: Snapshot, settings: &Settings, checks: &[&Check]) -> Self {
        let inventory = Inventory::from(snapshot);
        let facts = Facts::of(&inventory, settings);
        let judged = checks.iter().map(|check| {
            let mut subjects: BTreeMap<ObjectReference, BTreeSet<Outcome>> = BTreeMap::new();
            let verdict = run_watched(check, &facts, &mut |subject, outcome| {
                subjects.entry(subject.clone()).or_default().insert(outcome);
            });
            Judged { verdict, subjects }
        });
        let mut view = View {
            owners: BTreeMap::new(),
            pods: BTreeMap::new(),
            judged: judged.collect(),
            selects: settings.selector.is_some(),
        };
        let visited = inventory.workloads.each(Scope::Cluster, |workload| {
            let reference = ObjectReference {
                api_version: workload.owner.api_version.to_string(),
                kind: workload.owner.kind.to_string(),
                namespace: workload.namespace.to_string(),
                name: workload.owner.name.to_string(),
            };
            for name in workload.live.iter().flat_map(|it| &it.samples) {
                let pod = (workload.namespace.to_string(), name.to_string());
                view.owners.entry(pod.clone()).or_default().insert(reference.clone());
                view.pods.entry(reference.clone()).or_default().insert(pod);
            }
            Ok(())
        });
        // Gaps are the checks' to mind.
        drop(visited);
        view
    }

    /// What a check says, for a reader.
    pub(crate) fn told(&self, index: usize) -> String {
        let Judged { verdict, subjects } = &self.judged[index];
        let name = |(subject, outcomes): (&ObjectReference, &BTreeSet<Outcome>)| {
            let names: Vec<&str> = outcomes.iter().map(|it| it.name()).collect();
            format!("    {subject}: {}", names.join(", "))
        };
        let gaps = verdict.gaps.iter().flat_map(Unknown::gaps);
        let lines = iter::once(verdict.outcome.name().to_owned())
            .chain(subjects.iter().map(name))
            .chain(verdict.findings.iter().map(|it| format!("    {}", common::line(it))))
            .chain(gaps.map(|it| format!("    because {it}")));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What a subject was called where all was seen: the same, or the owners of its pods.
    fn called(&self, subject: &ObjectReference, of: &View) -> BTreeSet<ObjectReference> {
        let mut called = BTreeSet::from([subject.clone()]);
        let pods = of.pods.get(subject).into_iter().flatten();
        called.extend(pods.filter_map(|it| self.owners.get(it)).flatten().cloned());
        called
    }
}

/// What the `index`th check says of `less` although it did not say it of `more`; nothing when taking
/// evidence away did what it may.
pub(crate) fn violations(index: usize, more: &View, less: &View) -> Vec<String> {
    let (full, part) = (&more.judged[index], &less.judged[index]);
    let mut wrong = Vec::new();
    let now = part.verdict.outcome;
    if now != full.verdict.outcome && now != Outcome::Unknown {
        wrong.push(format!("{} became {}", full.verdict.outcome.name(), now.name()));
    }
    if now == Outcome::Unknown && part.verdict.gaps.is_none() {
        wrong.push("is unknown and does not say why".to_owned());
    }
    for (subject, outcomes) in &part.subjects {
        let called = more.called(subject, less);
        let before = outcomes_of(&called, full);
        // What was not selected may be, once its labels are not known.
        let may_be = less.selects && outcomes.iter().all(|it| *it == Outcome::Unknown);
        if before.is_empty() && !may_be {
            wrong.push(format!("{subject} is new"));
        }
        // Pods that one owner had may be told to have two now: the worse of them is what it was.
        let others: BTreeSet<ObjectReference> =
            called.iter().flat_map(|it| less.called(it, more)).collect();
        let allowed = |it: &Outcome| *it == Outcome::Unknown || before.contains(it);
        let worse = outcomes_of(&others, part).into_iter().max().filter(allowed);
        for it in
            outcomes.iter().filter(|it| !allowed(it) && worse.is_none_or(|worse| worse < **it))
        {
            wrong.push(format!("{subject} became {}", it.name()));
        }
    }
    let known: BTreeSet<(&ObjectReference, Key)> =
        full.verdict.findings.iter().map(|it| (&it.object, key(it))).collect();
    for finding in &part.verdict.findings {
        let called = more.called(&finding.object, less);
        if !called.iter().any(|it| known.contains(&(it, key(finding)))) {
            wrong.push(format!("finds anew: {}", common::line(finding)));
        }
    }
    wrong
}

fn outcomes_of(subjects: &BTreeSet<ObjectReference>, judged: &Judged) -> BTreeSet<Outcome> {
    subjects.iter().filter_map(|it| judged.subjects.get(it)).flatten().copied().collect()
}

fn key(finding: &assay_benchmark::engine::Finding) -> Key {
    let container = finding.at.container.as_deref().unwrap_or_default().to_owned();
    // A pod's spec stands elsewhere in its Job than in the CronJob above. What is said of the spec as a
    // whole ends there.
    let path = &format!("{}.", finding.at.path);
    let path = ["spec.jobTemplate.spec.template.spec.", "spec.template.spec.", "spec."]
        .iter()
        .find_map(|it| path.strip_prefix(it))
        .unwrap_or(path);
    (finding.outcome, finding.severity, container, path.to_owned(), finding.detail.clone())
}
