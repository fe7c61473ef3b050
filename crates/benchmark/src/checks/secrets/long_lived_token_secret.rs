//! Secrets that hold a token of a service account.
//!
//! | Secret of type `kubernetes.io/service-account-token` | verdict |
//! |-------------------------------------------------------|---------|
//! | in a tenant's namespace                               | fail    |
//! | in a platform namespace                               | warn    |
//!
//! Elsewhere: whether a pod mounts it.

use assay_model::{Findings, Location, Outcome, Resource, Scope, Severity, namespace::Namespace};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "APP-SEC-022",
    id: "long-lived-token-secret",
    title: "Secret holds a service account's token that never ends",
    severity: Severity::High,
    rationale: "Such a token has no end, no audience and no pod to die with: a copy in a pipeline, a backup or a \
                laptop stays a way in until somebody deletes the Secret.",
    remediation: "Have pods use projected tokens, and programs outside `kubectl create token ACCOUNT --duration`, or \
                  a federated identity. Then delete the Secret: that ends the token.",
    references: &[
        "https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets",
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a Secret of the namespace is of type `kubernetes.io/service-account-token`",
        ),
        (Outcome::Pass, "none is"),
    ],
    needs: &[&[Resource::Namespaces, Resource::Secrets]],
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(long_lived_token_secret),
};

fn long_lived_token_secret(
    namespace: &Namespace,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    facts.inventory.secrets.each(Scope::Part(&namespace.name), |secret| {
        if &*secret.type_ == "kubernetes.io/service-account-token" {
            let at = Location::field(format!("Secret {}", secret.metadata.name));
            findings.fail(at, "holds a token that never ends");
        }
        Ok(())
    })?;
    Ok(Ruling::Applies)
}
