//! Namespaces of tenants where what is not allowed is not denied.
//!
//! | namespace                                                         | verdict        |
//! |-------------------------------------------------------------------|----------------|
//! | of the platform, or without pods on the pod network               | not applicable |
//! | a policy selects every pod and lets nothing in                    | pass           |
//! | none does, but each pod is selected by some policy for ingress    | warn           |
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

pub(super) static CHECK: Check = Check {
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
    needs: &[
        Resource::WORKLOADS,
        &[
            Resource::Namespaces,
            Resource::NetworkPolicies,
            Resource::CustomResourceDefinitions,
            Resource::Nodes,
        ],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(no_default_deny_ingress),
};

fn no_default_deny_ingress(
    namespace: &Namespace,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    const INGRESS: Direction = Direction::Ingress;
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
    let denies = inventory.network_policies.find(here, |it| Ok(it.denies_all(INGRESS)))?;
    if denies.is_none() {
        let open =
            inventory.workloads.find(here, |it| isolation::is_open(it, INGRESS, inventory))?;
        isolation::no_other_policies(inventory)?;
        if open.is_some() {
            findings.fail(
                Location::object(),
                "no policy denies all ingress, and a pod is selected by none",
            );
        } else if *engine == Ok(Engine::Enforces) {
            findings.warn(
                Location::object(),
                "no policy denies all ingress, though each pod is selected",
            );
        }
    }
    engine.as_ref().map_err(Clone::clone).map(|_| Ruling::Applies)
}
