//! Tokens of the accounts that pods get when they ask for none.
//!
//! | `automountServiceAccountToken` of a `ServiceAccount` `default` | verdict      |
//! |--------------------------------------------------------------|----------------|
//! | `false`                                                      | pass           |
//! | unset or `true`, and the namespace has workloads             | fail           |
//! | unset or `true`, and it has none                             | warn           |
//! | of an account by another name                                | not applicable |
//!
//! A workload counts though it is scaled to zero or says otherwise itself: the next one may not.
//! Elsewhere: which pods mount a token they do not need is `unneeded-token-mount`'s.

use assay_model::{
    Findings, Location, Outcome, Resource, Scope, Severity, namespace::ServiceAccount,
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "APP-ACC-003",
    id: "default-account-token",
    title: "default service account hands out its token",
    severity: Severity::Medium,
    rationale: "Every pod that names no account of its own gets a credential for the API server; rights \
                that somebody gives to `default` one day are theirs at once.",
    remediation: "Set `automountServiceAccountToken: false` on the account `default` of each namespace; \
                  give an account of its own to each program that calls the API.",
    references: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "`automountServiceAccountToken` is not `false` on an account `default`, and its namespace \
             has workloads",
        ),
        (Outcome::Warn, "the same in a namespace without workloads, or of the platform"),
        (Outcome::Pass, "it is `false` on every account `default`"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::ServiceAccounts]],
    empty: Empty::NotApplicable,
    rule: Rule::ServiceAccount(default_account_token),
};

fn default_account_token(
    account: &ServiceAccount,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if &*account.metadata.name != "default" {
        return Ok(Ruling::NotApplicable("not a default account".to_owned()));
    }
    let seen = match account.automount_service_account_token {
        Some(false) => return Ok(Ruling::Applies),
        Some(true) => "is `true`",
        None => "is unset",
    };
    let at = Location::field("automountServiceAccountToken");
    let here = Scope::Part(&account.metadata.namespace);
    match facts.inventory.workloads.find(here, |_| Ok(true))? {
        Some(_) => findings.fail(at, seen),
        None => findings.warn(at, seen),
    }
    Ok(Ruling::Applies)
}
