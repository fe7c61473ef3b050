//! Whether applications are kept apart by namespaces.
//!
//! An application is what the label `app.kubernetes.io/part-of` of its pods names; a team, what `team`
//! or any label that ends in `/team` does. Workloads of tenants, templates and pods alike:
//!
//! | workloads                                                           | verdict        |
//! |---------------------------------------------------------------------|----------------|
//! | none                                                                | not applicable |
//! | all in one namespace, of more than 3 applications or teams          | fail           |
//! | all in one namespace, and those without a label could make it more  | manual         |
//! | in several namespaces, none with such a label                       | manual         |
//! | of more than 2 teams in some namespace                              | warn           |
//! | else                                                                | pass           |
//!
//! That all are in one namespace takes a full read, and so does everything that follows from it.

use std::collections::{BTreeMap, BTreeSet};

use assay_model::{Findings, Known, Location, Outcome, Resource, Scope, Severity, Workload, both};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "APP-NSP-001",
    id: "unseparated-applications",
    title: "applications share a namespace",
    severity: Severity::Medium,
    rationale: "Rights, quotas, network policies and pod security are given for a namespace: whoever takes \
                over one of the applications in it gets at the Secrets and the pods of all others.",
    remediation: "Give each application, and each team, namespaces of its own; say by the label \
                  `app.kubernetes.io/part-of` which application a workload belongs to.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/multi-tenancy/#namespaces",
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "all workloads of tenants are in one namespace, of more than 3 applications",
        ),
        (Outcome::Manual, "no label tells which application the workloads belong to"),
        (Outcome::Warn, "a namespace holds workloads of more than 2 teams"),
        (Outcome::Pass, "none of these"),
        (Outcome::NotApplicable, "there are no workloads outside of platform namespaces"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(unseparated_applications),
};

/// More applications than this do not belong in one namespace.
const APPLICATIONS: usize = 3;
/// Nor do more teams than this.
const TEAMS: usize = 2;

const QUESTION: &str = "Do unrelated applications share a namespace? The workloads have no label \
                        app.kubernetes.io/part-of or team that would tell.";

/// What lives in one namespace.
#[derive(Default)]
struct Tenancy {
    applications: BTreeSet<String>,
    teams: BTreeSet<String>,
    unlabelled: usize,
}

fn unseparated_applications(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let mut namespaces: BTreeMap<&str, Tenancy> = BTreeMap::new();
    let workloads = facts.inventory.workloads.all(Scope::Cluster)?;
    for workload in workloads.iter().filter(|it| !facts.settings.is_platform(&it.namespace)) {
        let labels = labels(workload)?;
        let named = |wanted: fn(&str) -> bool| {
            let found = labels.iter().filter(move |(key, _)| wanted(key));
            found.map(|(_, value)| (*value).to_owned()).collect::<BTreeSet<_>>()
        };
        let teams = named(|key| key == "team" || key.ends_with("/team"));
        let applications = named(|key| key == "app.kubernetes.io/part-of");
        let tenancy = namespaces.entry(&workload.namespace).or_default();
        if applications.is_empty() && teams.is_empty() {
            tenancy.unlabelled += 1;
        }
        // Where nothing names the application, the team stands for it.
        let either = if applications.is_empty() { &teams } else { &applications };
        tenancy.applications.extend(either.iter().cloned());
        tenancy.teams.extend(teams);
    }
    let manual = || Ok(Ruling::Manual(QUESTION.to_owned()));
    match namespaces.len() {
        0 => return Ok(Ruling::NotApplicable("no workloads of tenants".to_owned())),
        1 => {
            let (name, tenancy) = namespaces.iter().next().expect("one namespace");
            let told = tenancy.applications.len();
            if told > APPLICATIONS {
                let detail = format!(
                    "all workloads of tenants are in namespace {name}, of more than {APPLICATIONS} \
                     applications"
                );
                findings.fail(Location::object(), detail);
            } else if told + tenancy.unlabelled > APPLICATIONS {
                return manual();
            }
        }
        _ if namespaces.values().all(|it| it.applications.is_empty()) => return manual(),
        _ => {}
    }
    for (name, _) in namespaces.iter().filter(|(_, it)| it.teams.len() > TEAMS) {
        let detail = format!("namespace {name} holds workloads of more than {TEAMS} teams");
        findings.warn(Location::object(), detail);
    }
    Ok(Ruling::Applies)
}

/// The labels of a workload's pods, and those that its template gives.
fn labels(workload: &Workload) -> Known<BTreeSet<(&str, &str)>> {
    let template = workload.template.as_ref().map_err(Clone::clone);
    both(template.as_ref().map(|_| ()).map_err(Clone::clone), workload.live_read.clone())?;
    let wanted = template?.iter().flat_map(|it| &it.labels);
    let live = workload.live.iter().flat_map(|it| &it.labels).flat_map(|it| &it.common);
    Ok(wanted.chain(live).map(|(key, value)| (&**key, &**value)).collect())
}
