//! Policies that let everything through.
//!
//! | a rule that counts, on every port                                  | verdict |
//! |--------------------------------------------------------------------|---------|
//! | from any source, and the policy selects a pod that is not exposed  | fail    |
//! | from any source, and it selects no pod, or exposed ones only       | warn    |
//! | from, or to, every pod of the cluster                              | warn    |
//! | to any destination                                                 | warn    |
//! | none of these                                                      | pass    |
//!
//! Any source or destination: no peer at all, or every address without exceptions. Every pod: an empty
//! `namespaceSelector`. Every port: no port at all, a protocol alone, or 1 to 65535. A rule for a
//! direction that `policyTypes` leaves out counts for nothing. Exposed: see [`exposure`].

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Scope, Severity,
    network::{Direction, NetworkPolicy},
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, exposure, isolation};

pub(super) static CHECK: Check = Check {
    code: "APP-NET-007",
    id: "allow-all-network-policy",
    title: "network policy lets everything through",
    severity: Severity::High,
    rationale: "Policies add up: one that allows everything undoes all others that select the same pod, \
                the one that denies by default included, and the namespace still looks protected.",
    remediation: "Name in `from` or `to` who is meant, by `podSelector` and `namespaceSelector`, and in \
                  `ports` what is served; delete the rule where nobody needs it.",
    references: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a rule lets everything in on every port, to a pod that no Service or Ingress exposes",
        ),
        (Outcome::Warn, "a rule lets everything in on every port of exposed pods, or of none"),
        (
            Outcome::Warn,
            "a rule lets every pod of the cluster in, or everything out, on every port",
        ),
        (Outcome::Pass, "each rule names who is meant, or the ports"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[Resource::NetworkPolicies, Resource::Services, Resource::Ingresses],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::NetworkPolicy(allow_all_network_policy),
};

fn allow_all_network_policy(
    policy: &NetworkPolicy,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    let mut unknown = Ok(());
    for direction in [Direction::Ingress, Direction::Egress] {
        if !policy.applies(direction) {
            continue;
        }
        let list = direction.name().to_lowercase();
        for (index, allowed) in policy.allowed(direction).iter().enumerate() {
            if !allowed.is_every_port() || !allowed.is_any_pod() {
                continue;
            }
            let at = Location::field(format!("spec.{list}[{index}]"));
            let lets = match (direction, allowed.is_any_peer()) {
                (Direction::Ingress, true) => "everything in",
                (Direction::Ingress, false) => "every pod of the cluster in",
                (Direction::Egress, true) => "its pods out to everything",
                (Direction::Egress, false) => "its pods out to every pod of the cluster",
            };
            let detail = format!("lets {lets} on every port");
            if direction == Direction::Egress || !allowed.is_any_peer() {
                findings.warn(at, detail);
                continue;
            }
            match selects_unexposed(policy, facts) {
                Ok(true) => {
                    findings.fail(at, format!("{detail}, to a pod that is not exposed"));
                }
                Ok(false) => findings.warn(at, detail),
                Err(it) => unknown = Err(it),
            }
        }
    }
    unknown.map(|()| Ruling::Applies)
}

/// Whether a policy selects a pod that nothing exposes.
fn selects_unexposed(policy: &NetworkPolicy, facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    let here = Scope::Part(&policy.metadata.namespace);
    let found = inventory.workloads.find(here, |it| {
        Ok(isolation::selects(policy, it)? && !exposure::is_exposed(it, inventory)?)
    });
    found.map(|it| it.is_some())
}
