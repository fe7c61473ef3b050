//! The whole walk from an inventory to a report.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use assay_model::{
    Inventory, Outcome, Pool, Report, Resource, Snapshot, Unknown,
    report::{
        API_VERSION, CheckReport, Cluster, Collected, Control, Finding, Fingerprint, Framework,
        GapReport, Identity, Item, ObjectReference, ReportScope, Scan, Tally, Tool,
    },
    resource::Access,
};
use sha2::{Digest, Sha256};

use crate::{
    Check, Facts, Settings, Verdict,
    data::{
        self, Edition,
        framework::{EditionScope, Weakness},
    },
    engine::{self, run},
    facts::distribution,
    score::Scale,
    version::Minor,
};

/// What to judge, and by what.
#[derive(Debug, Clone)]
pub struct Audit<'a> {
    /// The checks that were chosen.
    pub checks: Vec<&'static Check>,
    /// The editions to show.
    pub editions: Vec<&'static Edition>,
    /// What the user says.
    pub settings: &'a Settings,
    /// The text of the settings' label selector, for the report.
    pub selector: Option<String>,
    /// The version of the tool, for the report.
    pub version: &'static str,
}

/// Judges what was read.
pub fn audit(snapshot: Snapshot, audit: &Audit<'_>) -> Report {
    let needed = needed(&audit.checks);
    let collection = collection(&snapshot, &needed);
    let complete = snapshot.is_complete();
    let inventory = Inventory::from(snapshot);
    let facts = Facts::of(&inventory, audit.settings);

    let cluster = cluster(&inventory);
    let mut chosen = audit.checks.clone();
    chosen.sort_by_key(|it| it.code);
    let mut kept = Kept::default();
    // What a check found is put into its lasting form before the next check is run: by then most of it is
    // known, and takes little.
    let judged = chosen.into_iter().map(|check| {
        let mut verdict = run(check, &facts);
        let found = std::mem::take(&mut verdict.findings);
        let findings = found.into_iter().map(|it| kept.finding(check, it, &cluster.name));
        let findings = sorted(findings.collect());
        ((check, verdict), findings)
    });
    let (judged, findings): (Vec<(&'static Check, Verdict)>, Vec<Vec<Finding>>) = judged.unzip();

    let mut scale = Scale::default();
    let mut outcomes = Tally::default();
    for (check, verdict) in &judged {
        scale.add(verdict, check.severity.weight());
        outcomes.add(verdict.outcome);
    }
    Report {
        api_version: API_VERSION,
        kind: "Report",
        scan: scan(&inventory, audit, cluster.clone(), complete),
        collection,
        summary: scale.summary(outcomes),
        matrix: data::matrix().iter().map(|it| item(it, &judged)).collect(),
        frameworks: audit
            .editions
            .iter()
            .map(|it| framework(it, facts.server_minor().ok(), &judged))
            .collect(),
        checks: judged
            .into_iter()
            .zip(findings)
            .map(|((check, verdict), findings)| check_report(check, verdict, findings))
            .collect(),
    }
}

/// What a scan with these checks reads: all that they need, and the namespaces when any of it lies in
/// one, for where it may not be listed everywhere it is asked for by namespace.
pub fn needed(checks: &[&Check]) -> BTreeSet<Resource> {
    let mut needed: BTreeSet<Resource> = checks.iter().flat_map(|it| it.needs()).collect();
    if needed.iter().any(|it| it.kind().is_some_and(|kind| kind.namespaced)) {
        needed.insert(Resource::Namespaces);
    }
    needed
}

fn scan(inventory: &Inventory, audit: &Audit<'_>, cluster: Cluster, complete: bool) -> Scan {
    let origin = &inventory.origin;
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    Scan {
        tool: Tool { name: "kube-assay", version: audit.version },
        started: origin.started,
        finished: origin.finished,
        source: origin.source,
        complete,
        interrupted: origin.interrupted,
        cluster,
        identity: Identity {
            context: some(&origin.context),
            user: some(&origin.user),
            groups: origin.groups.clone(),
            impersonated: origin.impersonated,
        },
        scope: ReportScope {
            namespaces: audit.settings.namespaces.clone(),
            selector: audit.selector.clone(),
        },
    }
}

fn cluster(inventory: &Inventory) -> Cluster {
    let origin = &inventory.origin;
    let system = inventory.namespaces.get("kube-system", "kube-system").ok().flatten();
    let version = inventory.version.as_ref().ok();
    Cluster {
        name: origin.cluster.clone(),
        uid: system
            .and_then(|it| it.metadata.as_ref().ok())
            .map(|it| it.uid.to_string())
            .filter(|it| !it.is_empty()),
        server: (!origin.server.is_empty()).then(|| origin.server.clone()),
        version: version.map(|it| it.git_version.to_string()),
        distribution: version.and_then(distribution).map(str::to_owned),
    }
}

fn collection(snapshot: &Snapshot, needed: &BTreeSet<Resource>) -> Vec<Collected> {
    let asked = |it: &&Resource| needed.contains(it) || snapshot.costs.contains_key(it);
    let row = |resource: Resource| {
        let cost = snapshot.costs.get(&resource).cloned().unwrap_or_default();
        let gaps = snapshot.gaps(resource);
        let (group, version) = match resource.access() {
            Access::List(kind) => (kind.group, kind.version),
            Access::Named(_) => ("", "v1"),
            Access::Group(group) => (group, ""),
            Access::Url(_) | Access::Node(_) | Access::Connection => ("", ""),
        };
        Collected {
            group,
            version,
            resource: resource.name(),
            objects: cost.objects,
            distinct: snapshot.distinct(resource) as u64,
            requests: cost.requests,
            bytes: cost.bytes,
            retries: cost.retries,
            seconds: (cost.seconds * 1000.0).round() / 1000.0,
            complete: gaps.is_empty(),
            gaps: gaps.iter().map(|it| GapReport::from(&**it)).collect(),
        }
    };
    Resource::ALL.iter().filter(asked).map(|it| row(*it)).collect()
}

fn item(item: &data::Item, judged: &[(&'static Check, Verdict)]) -> Item {
    let mut scale = Scale::default();
    let mut outcomes = Tally::default();
    let mut checks = Vec::new();
    for (check, verdict) in judged.iter().filter(|(check, _)| check.item() == item.code) {
        scale.add(verdict, check.severity.weight());
        outcomes.add(verdict.outcome);
        checks.push(check.code.to_owned());
    }
    Item {
        row: item.row.clone(),
        column: item.column.clone(),
        item: item.code.clone(),
        title: item.title.clone(),
        short: item.short.clone(),
        score: scale.score(),
        coverage: scale.coverage(),
        outcomes,
        checks,
    }
}

fn framework(
    edition: &Edition,
    server: Option<Minor>,
    judged: &[(&'static Check, Verdict)],
) -> Framework {
    let mut scale = Scale::default();
    let mut outcomes = Tally::default();
    let mut controls = Vec::new();
    for control in &edition.controls {
        let warn = control.warn;
        let control = judge_control(control, edition, judged);
        scale.add_control(control.outcome, warn);
        outcomes.add(control.outcome);
        controls.push(control);
    }
    Framework {
        id: edition.id.clone(),
        title: edition.title.clone(),
        mismatch: edition.mismatch(server),
        score: scale.score(),
        coverage: scale.coverage(),
        outcomes,
        controls,
    }
}

/// A control is the worst of its checks, and at least unknown while they leave something unread.
fn judge_control(
    control: &data::framework::Control,
    edition: &Edition,
    judged: &[(&'static Check, Verdict)],
) -> Control {
    let mut codes = Vec::new();
    let mut worst = None;
    let mut left = control.evidence.clone();
    for wanted in &control.checks {
        if let Some((check, verdict)) = judged.iter().find(|(it, _)| it.code == wanted.code) {
            codes.push(check.code.to_owned());
            worst = worst.max(Some(outcome_in(edition, control.warn, verdict)));
        } else {
            let id = wanted.id;
            left = left.or_else(|| Some(format!("the check {id}, which was not chosen")));
        }
    }
    if left.is_some() {
        worst = worst.max(Some(Outcome::Unknown));
    }
    if control.manual.is_some() {
        worst = worst.max(Some(Outcome::Manual));
    }
    Control {
        id: control.id.clone(),
        title: control.title.clone(),
        level: control.level,
        outcome: worst.unwrap_or(Outcome::NotApplicable),
        checks: codes,
        manual: control.manual.clone(),
        evidence: left,
    }
}

/// What a verdict is in an edition: over the subjects that count there, with weaknesses as it says.
fn outcome_in(edition: &Edition, warn: Weakness, verdict: &Verdict) -> Outcome {
    let outcome = match edition.scope {
        EditionScope::All => verdict.outcome,
        EditionScope::Tenant => {
            let counted = Outcome::ALL.into_iter().rev().find(|it| verdict.scored.count(*it) > 0);
            let unseen = verdict.unseen.as_ref().map(|_| Outcome::Unknown);
            counted.max(unseen).unwrap_or(Outcome::NotApplicable)
        }
    };
    match (outcome, warn) {
        (Outcome::Warn, Weakness::Fail) => Outcome::Fail,
        (Outcome::Warn, Weakness::Pass) => Outcome::Pass,
        (Outcome::Warn, Weakness::Manual) => Outcome::Manual,
        (outcome, _) => outcome,
    }
}

fn check_report(check: &'static Check, verdict: Verdict, findings: Vec<Finding>) -> CheckReport {
    let gaps = |unknown: &Option<Unknown>| -> Vec<GapReport> {
        let gaps = unknown.as_ref().map(Unknown::gaps).unwrap_or_default();
        gaps.iter().map(|it| GapReport::from(&**it)).collect()
    };
    let (gaps, unseen) = (gaps(&verdict.gaps), gaps(&verdict.unseen));
    let mut subjects = BTreeMap::new();
    for outcome in Outcome::ALL {
        let count = verdict.subjects.count(outcome);
        if count > 0 {
            subjects.insert(outcome.name(), count);
        }
    }
    CheckReport {
        code: check.code,
        id: check.id,
        title: check.title,
        severity: check.severity,
        item: check.item().to_owned(),
        outcome: verdict.outcome,
        basis: verdict.basis,
        needs: check.needs().into_iter().collect(),
        rationale: check.rationale,
        remediation: check.remediation,
        references: check.references.to_vec(),
        subjects,
        unseen,
        gaps,
        hints: verdict.hints,
        reason: verdict.reason,
        question: verdict.question,
        findings,
    }
}

/// A path as something to sort by: `volumes[2]` comes before `volumes[10]`.
fn by_index(path: &str) -> String {
    let mut sortable = String::new();
    for part in path.split_inclusive(['[', ']']) {
        match part.strip_suffix(']') {
            Some(index) => sortable.extend([&*format!("{index:0>10}"), "]"]),
            None => sortable.push_str(part),
        }
    }
    sortable
}

/// Worst first, then by object and place.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        let rank = |it: &Finding| (Reverse(it.outcome), Reverse(it.severity));
        let place = |it: &Finding| {
            (it.object.clone(), it.container.clone(), by_index(&it.path), it.detail.clone())
        };
        rank(a).cmp(&rank(b)).then_with(|| place(a).cmp(&place(b)))
    });
    findings
}

/// What findings have in common, kept once: objects, places and words.
#[derive(Default)]
struct Kept {
    objects: Pool<ObjectReference>,
    texts: Pool<str>,
}

impl Kept {
    fn finding(&mut self, check: &Check, found: engine::Finding, cluster: &str) -> Finding {
        Finding {
            fingerprint: fingerprint(check, &found, cluster),
            outcome: found.outcome,
            severity: found.severity,
            object: self.objects.share(found.object),
            container: found.at.container,
            path: self.texts.share(found.at.path.as_str()),
            detail: self.texts.share(found.detail.as_str()),
            basis: found.basis,
            pods: found.pods,
            template: found.template,
            waiver: None,
        }
    }
}

/// Stable over rollouts: no UID, no pod's name, no index.
fn fingerprint(check: &Check, found: &engine::Finding, cluster: &str) -> Fingerprint {
    let object = &found.object;
    let container = found.at.container.as_deref().unwrap_or_default();
    let path: String = found.at.path.chars().filter(|it| !it.is_ascii_digit()).collect();
    let mut hash = Sha256::new();
    for part in [
        check.id,
        cluster,
        &object.kind,
        &object.namespace,
        &object.name,
        container,
        &path,
        &found.detail,
    ] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    Fingerprint(digest.iter().take(8).fold(0, |number, it| number << 8 | u64::from(*it)))
}

#[cfg(test)]
mod tests {
    use super::by_index;

    #[test]
    fn paths_are_sorted_by_their_indices() {
        let mut paths =
            ["volumes[10].hostPath", "volumes[2].hostPath", "hostPID", "a[1].b[11]", "a[1].b[2]"];
        paths.sort_by_key(|it| by_index(it));
        assert_eq!(
            paths,
            ["a[1].b[2]", "a[1].b[11]", "hostPID", "volumes[2].hostPath", "volumes[10].hostPath"]
        );
    }
}
