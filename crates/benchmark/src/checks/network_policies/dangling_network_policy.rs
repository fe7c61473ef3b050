//! Policies that select nothing.
//!
//! | `podSelector`                                                  | verdict |
//! |----------------------------------------------------------------|---------|
//! | empty: every pod, also those to come                           | pass    |
//! | selects a pod on the pod network, or one that a template makes | pass    |
//! | selects none                                                   | warn    |

use assay_model::{Findings, Location, Outcome, Resource, Scope, Severity, network::NetworkPolicy};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, isolation};

pub(super) static CHECK: Check = Check {
    code: "APP-NET-014",
    id: "dangling-network-policy",
    title: "network policy selects no pod",
    severity: Severity::Low,
    rationale: "A selector that was mistyped, or that labels have moved away from, protects nothing: the \
                pods that it was written for are open, and nobody is told.",
    remediation: "Compare `spec.podSelector` with the labels of the pods' templates; delete the policy if \
                  what it was for is gone.",
    references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
    verdicts: &[
        (
            Outcome::Warn,
            "no pod of its namespace has these labels, or only pods on the node's network",
        ),
        (Outcome::Pass, "some pod has, or it selects every pod"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::NetworkPolicies]],
    empty: Empty::NotApplicable,
    rule: Rule::NetworkPolicy(dangling_network_policy),
};

fn dangling_network_policy(
    policy: &NetworkPolicy,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if policy.spec.pod_selector.is_empty() {
        return Ok(Ruling::Applies);
    }
    let here = Scope::Part(&policy.metadata.namespace);
    let selected = facts.inventory.workloads.find(here, |it| isolation::selects(policy, it))?;
    if selected.is_none() {
        let at = Location::field("spec.podSelector");
        findings.warn(at, "selects no pod on the pod network");
    }
    Ok(Ruling::Applies)
}
