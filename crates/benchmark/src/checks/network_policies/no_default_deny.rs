//! Namespaces of tenants where what is not allowed is not denied: a check a direction.
//!
//! | namespace                                                         | verdict        |
//! |-------------------------------------------------------------------|----------------|
//! | of the platform, or without pods on the pod network               | not applicable |
//! | a policy selects every pod and lets nothing through               | pass           |
//! | none does, but each pod is selected by some policy for the direction | warn        |
//! | none does, and a pod is selected by none                          | fail           |
//! | any of these, where nothing enforces policies                     | fail           |
//!
//! Pass and warn need an engine that enforces policies. Policies of other APIs could deny as well:
//! where one is served, a namespace without a policy that denies all is unknown.
//! A template that is scaled to zero counts as a pod.

use assay_model::{
    Findings, Location, Outcome, Resource, Scope, Severity, namespace::Namespace,
    network::Direction,
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, isolation, network_engine::Engine};

pub(super) static INGRESS: Check = Check {
    code: "APP-NET-003",
    id: "no-default-deny-ingress",
    title: "namespace does not deny ingress by default",
    severity: Severity::High,
    rationale: "A pod that no policy selects takes connections from every pod of the cluster; without a \
                default that denies, each new workload starts like that.",
    remediation: "Create a NetworkPolicy with an empty `podSelector`, `policyTypes: [Ingress]` and no \
                  ingress rule; then allow what is needed by others.",
    references: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-ingress-traffic",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a tenant's namespace has no policy that denies all ingress, and a pod that none selects",
        ),
        (Outcome::Fail, "nothing in the cluster enforces policies"),
        (Outcome::Warn, "it has no such policy, but each pod is selected by another"),
        (Outcome::Pass, "it has one, and an engine enforces policies"),
        (Outcome::NotApplicable, "namespaces of the platform, and those without pods"),
    ],
    needs: NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(|namespace, facts, findings| {
        no_default_deny(Direction::Ingress, namespace, facts, findings)
    }),
};

pub(super) static EGRESS: Check = Check {
    code: "APP-NET-004",
    id: "no-default-deny-egress",
    title: "namespace does not deny egress by default",
    severity: Severity::Medium,
    rationale: "A pod that no policy selects may connect to everything: to other tenants' pods, to the \
                cloud's metadata service, and to wherever somebody wants to send what he found; without a \
                default that denies, each new workload starts like that.",
    remediation: "Create a NetworkPolicy with an empty `podSelector`, `policyTypes: [Egress]` and no \
                  egress rule; then allow what is needed by others, name resolution (port 53) first.",
    references: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-egress-traffic",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a tenant's namespace has no policy that denies all egress, and a pod that none selects",
        ),
        (Outcome::Fail, "nothing in the cluster enforces policies"),
        (Outcome::Warn, "it has no such policy, but each pod is selected by another"),
        (Outcome::Pass, "it has one, and an engine enforces policies"),
        (Outcome::NotApplicable, "namespaces of the platform, and those without pods"),
    ],
    needs: NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(|namespace, facts, findings| {
        no_default_deny(Direction::Egress, namespace, facts, findings)
    }),
};

const NEEDS: &[&[Resource]] = &[
    Resource::WORKLOADS,
    &[
        Resource::Namespaces,
        Resource::NetworkPolicies,
        Resource::CustomResourceDefinitions,
        Resource::Nodes,
    ],
];

fn no_default_deny(
    direction: Direction,
    namespace: &Namespace,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    let traffic = direction.name().to_lowercase();
    if facts.settings.is_platform(&namespace.name) {
        return Ok(Ruling::NotApplicable("a namespace of the platform".to_owned()));
    }
    let inventory = facts.inventory;
    let here = Scope::Part(&namespace.name);
    if inventory.workloads.find(here, isolation::on_pod_network)?.is_none() {
        return Ok(Ruling::NotApplicable("no pods on the pod network".to_owned()));
    }
    let engine = facts.network_engine();
    if *engine == Ok(Engine::Ignores) {
        findings.fail(Location::object(), "nothing in the cluster enforces policies");
    }
    let denies = inventory.network_policies.find(here, |it| Ok(it.denies_all(direction)))?;
    if denies.is_none() {
        let open =
            inventory.workloads.find(here, |it| isolation::is_open(it, direction, inventory))?;
        isolation::no_other_policies(inventory)?;
        if open.is_some() {
            findings.fail(
                Location::object(),
                format!("no policy denies all {traffic}, and a pod is selected by none"),
            );
        } else if *engine == Ok(Engine::Enforces) {
            findings.warn(
                Location::object(),
                format!("no policy denies all {traffic}, though each pod is selected"),
            );
        }
    }
    engine.as_ref().map_err(Clone::clone).map(|_| Ruling::Applies)
}
