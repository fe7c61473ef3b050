//! Workloads that run as the account of their namespace that is nobody's.
//!
//! | account of the pods                                   | verdict |
//! |-------------------------------------------------------|---------|
//! | another than `default`                                | pass    |
//! | `default`, named or not, and none mounts its token    | warn    |
//! | `default`, and its token is or will be mounted        | fail    |
//!
//! Static pods have no account.

use assay_model::{Findings, Location, Outcome, Resource, Severity, Workload};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, accounts};

pub(super) static CHECK: Check = Check {
    code: "APP-ACC-001",
    id: "default-account-used",
    title: "workload runs as the default service account",
    severity: Severity::Medium,
    rationale: "All such workloads of a namespace are one identity: what one of them is allowed, whoever \
                takes over any other may do too, and the audit log does not tell them apart.",
    remediation: "Create a ServiceAccount for the application and name it in `serviceAccountName`; set \
                  `automountServiceAccountToken: false` where it does not call the API server.",
    references: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    ],
    verdicts: &[
        (Outcome::Fail, "a pod runs as `default`, and a token of that account is mounted"),
        (Outcome::Warn, "a pod runs as `default`, without its token"),
        (Outcome::Pass, "each pod runs as an account that is named for it"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::ServiceAccounts]],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(default_account_used),
};

fn default_account_used(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let (used, all_used) = accounts::used(workload);
    if !used.contains("default") {
        return all_used.map(|()| Ruling::Applies);
    }
    let at = workload.locate(Location::field("serviceAccountName"));
    let (mounted, all_mounted) = accounts::mounted(workload, facts.inventory);
    if mounted.contains("default") {
        findings.fail(at, "is unset or `default`, and the account's token is mounted");
    } else {
        all_mounted?;
        findings.warn(at, "is unset or `default`, though the account's token is not mounted");
    }
    all_used.map(|()| Ruling::Applies)
}
