//! Workloads that name an account which does not exist.
//!
//! | account that a workload names                            | verdict |
//! |----------------------------------------------------------|---------|
//! | exists, or is `default`, which every namespace is given  | pass    |
//! | does not exist                                           | warn    |
//! | does not exist, and a binding already names it           | fail    |
//!
//! A binding names an account as such, or by its user name; one in another namespace counts as well.

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Scope, Severity, Workload, both, either,
    rbac::{Binding, Subject},
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, accounts, rbac::normal};

pub(super) static CHECK: Check = Check {
    code: "APP-ACC-006",
    id: "missing-service-account",
    title: "workload names a service account that does not exist",
    severity: Severity::Low,
    rationale: "No pod of it can be made. Where bindings already name the account, whoever may create \
                accounts in the namespace takes over the rights that were meant for the workload.",
    remediation: "Create the ServiceAccount, or correct `serviceAccountName`; delete bindings of accounts \
                  that are gone.",
    references: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    ],
    verdicts: &[
        (Outcome::Fail, "the account does not exist, and a binding gives it rights"),
        (Outcome::Warn, "the account does not exist"),
        (Outcome::Pass, "each account that is named exists"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[Resource::ServiceAccounts, Resource::RoleBindings, Resource::ClusterRoleBindings],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(missing_service_account),
};

fn missing_service_account(
    workload: &Workload,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    let (names, mut unknown) = accounts::used(workload);
    for name in names.iter().filter(|it| &***it != "default") {
        let missing = facts.inventory.service_accounts.get(&workload.namespace, name);
        let judged = missing.and_then(|it| match it {
            Some(_) => Ok(()),
            None => {
                report(&accounts::subject(&workload.namespace, name), workload, facts, findings)
            }
        });
        unknown = both(unknown, judged);
    }
    unknown.map(|()| Ruling::Applies)
}

fn report(
    account: &Subject,
    workload: &Workload,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Known<()> {
    let at = workload.locate(Location::field("serviceAccountName"));
    if is_bound(account, facts)? {
        findings.fail(at, format!("names {account}, which does not exist and has bindings"));
    } else {
        findings.warn(at, format!("names {account}, which does not exist"));
    }
    Ok(())
}

/// Whether a binding names the account.
fn is_bound(account: &Subject, facts: &Facts<'_>) -> Known<bool> {
    let names = |it: &Binding| Ok(it.subjects.iter().any(|it| normal(it) == *account));
    let inventory = facts.inventory;
    let found = either(
        inventory.cluster_role_bindings.find(Scope::Cluster, names),
        inventory.role_bindings.find(Scope::Cluster, names),
    )?;
    Ok(found.is_some())
}
