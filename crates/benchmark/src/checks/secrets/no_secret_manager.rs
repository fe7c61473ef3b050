//! Clusters whose secrets live in the cluster alone.
//!
//! | seen                                                                 | verdict |
//! |----------------------------------------------------------------------|---------|
//! | a manager outside of the cluster: a ready pod, and something it serves | pass  |
//! | a ready pod of one whose objects are not read                        | unknown |
//! | one without a ready pod or without anything it serves; secrets encrypted beside manifests only; or none | warn |
//!
//! Managers, and what shows that one is used: table `secret-managers`. Elsewhere: how many of the pods that
//! take secrets get them there.

use assay_model::{
    Cause, Findings, Gap, Known, Location, Outcome, Resource, Scope, Severity, Workload, all, any,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    data::{ManagerObjects, ManagerRow},
    installed::{has_ready_pod, is_installed},
};

pub(super) static CHECK: Check = Check {
    code: "APP-SEC-015",
    id: "no-secret-manager",
    title: "no external secret manager is integrated",
    severity: Severity::Medium,
    rationale: "What only the cluster holds is copied from desk to desk when it is made, seldom changes, and nobody \
                outside can say who read it or take it back.",
    remediation: "Keep credentials in a manager (Vault, a cloud's) and bring them in with External Secrets, the \
                  Secrets Store CSI driver or the manager's own operator; let workloads log in there with their \
                  service accounts.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
        "https://external-secrets.io/",
        "https://secrets-store-csi-driver.sigs.k8s.io/",
    ],
    verdicts: &[
        (Outcome::Unknown, "a manager has a ready pod, and what it serves is not read"),
        (
            Outcome::Warn,
            "none is there; one has no ready pod or serves nothing; or secrets are only encrypted beside manifests",
        ),
        (Outcome::Pass, "a manager has a ready pod, and serves something"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[
            Resource::CustomResourceDefinitions,
            Resource::ExternalSecrets,
            Resource::SecretProviderClasses,
        ],
    ],
    empty: Empty::Pass,
    rule: Rule::Cluster(no_secret_manager),
};

fn no_secret_manager(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let rows = &facts.tables.secret_managers;
    let outside = || rows.iter().filter(|it| !it.in_git);
    let at_work =
        |row: &ManagerRow| all([has_ready_pod(&row.images, facts), serves_something(row, facts)]);
    if any(outside().map(at_work))? {
        return Ok(Ruling::Applies);
    }
    let mut some = false;
    for row in rows {
        if any([is_served(row, facts), is_installed(&row.images, facts)])? {
            some = true;
            let lack = if row.in_git {
                "encrypts secrets beside manifests, and keeps none outside of the cluster"
            } else if has_ready_pod(&row.images, facts)? {
                "serves nothing yet"
            } else {
                "has no ready pod"
            };
            findings.warn(Location::field(row.name.as_str()), lack);
        }
    }
    if !some {
        findings.warn(Location::object(), "has no manager of secrets that is known");
    }
    Ok(Ruling::Applies)
}

/// Whether something in the cluster gets its secrets from a manager.
fn serves_something(row: &ManagerRow, facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    match row.objects {
        ManagerObjects::ExternalSecrets => {
            let found = inventory.external_secrets.find(Scope::Cluster, |it| Ok(it.is_ready()));
            found.map(|it| it.is_some())
        }
        ManagerObjects::SecretProviderClasses => {
            let found = inventory.secret_provider_classes.find(Scope::Cluster, |_| Ok(true));
            found.map(|it| it.is_some())
        }
        ManagerObjects::Injected => {
            let found = inventory.workloads.find(Scope::Cluster, |it| is_injected(it, row));
            found.map(|it| it.is_some())
        }
        ManagerObjects::Unread => {
            let message = format!("what {} serves is not read", row.name);
            let resource = Resource::CustomResourceDefinitions;
            Err(Gap::whole(resource, Cause::Inconclusive, message).into())
        }
    }
}

/// Whether some pod of a workload has a container that the manager puts in.
fn is_injected(workload: &Workload, row: &ManagerRow) -> Known<bool> {
    let injected = workload.live.iter().any(|it| {
        it.spec.containers().any(|it| row.containers.iter().any(|name| *name == *it.name))
    });
    if injected { Ok(true) } else { workload.live_read.clone().map(|()| false) }
}

/// Whether a kind of the manager's group is served.
fn is_served(row: &ManagerRow, facts: &Facts<'_>) -> Known<bool> {
    let definitions = &facts.inventory.custom_resource_definitions;
    let found =
        definitions.find(Scope::Cluster, |it| Ok(row.group.as_deref() == Some(&*it.spec.group)))?;
    Ok(found.is_some())
}
