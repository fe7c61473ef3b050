//! Namespaces of tenants that no policy says anything of.
//!
//! | namespace                                                     | verdict        |
//! |---------------------------------------------------------------|----------------|
//! | of the platform, or without pods on the pod network           | not applicable |
//! | a policy selects all of its pods, or one of them              | pass           |
//! | none does                                                     | fail           |
//!
//! Policies of other APIs could select its pods as well: where one is served, a namespace without a
//! `NetworkPolicy` is unknown. A template that is scaled to zero counts as a pod.
//! Elsewhere: whether anything enforces them is `no-network-policy-engine`'s, what they leave open is
//! that of the other checks on network policies.

use assay_model::{Findings, Location, Outcome, Resource, Scope, Severity, namespace::Namespace};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, isolation};

pub(super) static CHECK: Check = Check {
    code: "APP-NET-002",
    id: "namespace-without-network-policy",
    title: "namespace has no network policy",
    severity: Severity::Medium,
    rationale: "Every pod of the cluster reaches every port of every pod in it, and they reach all others: \
                whoever takes over one program of one tenant goes on from there unhindered.",
    remediation: "Create a NetworkPolicy in the namespace that denies all (an empty `podSelector`, both \
                  `policyTypes`, no rules); then allow by others what each program needs.",
    references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
    verdicts: &[
        (Outcome::Fail, "a tenant's namespace has pods, and no policy selects any of them"),
        (Outcome::Pass, "a policy selects all of its pods, or one of them"),
        (Outcome::NotApplicable, "namespaces of the platform, and those without pods"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[Resource::Namespaces, Resource::NetworkPolicies, Resource::CustomResourceDefinitions],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(namespace_without_network_policy),
};

fn namespace_without_network_policy(
    namespace: &Namespace,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if facts.settings.is_platform(&namespace.name) {
        return Ok(Ruling::NotApplicable("a namespace of the platform".to_owned()));
    }
    let inventory = facts.inventory;
    let here = Scope::Part(&namespace.name);
    if inventory.workloads.find(here, isolation::on_pod_network)?.is_none() {
        return Ok(Ruling::NotApplicable("no pods on the pod network".to_owned()));
    }
    let selects_some = inventory.network_policies.find(here, |policy| {
        if policy.spec.pod_selector.is_empty() {
            return Ok(true);
        }
        let selected = inventory.workloads.find(here, |it| isolation::selects(policy, it));
        selected.map(|it| it.is_some())
    })?;
    if selects_some.is_none() {
        isolation::no_other_policies(inventory)?;
        findings.fail(Location::object(), "has pods, and no policy selects any of them");
    }
    Ok(Ruling::Applies)
}
