//! Namespaces of tenants that nothing bounds.
//!
//! | namespace                                        | verdict        |
//! |--------------------------------------------------|----------------|
//! | of the platform, or without workloads            | not applicable |
//! | has a `ResourceQuota` with an entry in `spec.hard` | pass         |
//! | has none                                         | fail           |
//!
//! A workload counts though it is scaled to zero. Which resources a quota bounds is not judged here.

use assay_model::{Findings, Location, Outcome, Resource, Scope, Severity, namespace::Namespace};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "APP-QUO-001",
    id: "namespace-without-quota",
    title: "namespace has no quota",
    severity: Severity::Medium,
    rationale: "One tenant, by mistake or taken over, can use up the cluster's capacity and starve the \
                others; a quota also bounds what a miner can earn.",
    remediation: "Create a ResourceQuota with requests and limits of cpu and memory, and a number of \
                  pods, in each tenant's namespace.",
    references: &["https://kubernetes.io/docs/concepts/policy/resource-quotas/"],
    verdicts: &[
        (
            Outcome::Fail,
            "a tenant's namespace has workloads and no ResourceQuota that bounds anything",
        ),
        (Outcome::Pass, "each has one"),
        (Outcome::NotApplicable, "namespaces of the platform, and those without workloads"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Namespaces, Resource::ResourceQuotas]],
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(namespace_without_quota),
};

fn namespace_without_quota(
    namespace: &Namespace,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if facts.settings.is_platform(&namespace.name) {
        return Ok(Ruling::NotApplicable("a namespace of the platform".to_owned()));
    }
    let here = Scope::Part(&namespace.name);
    if facts.inventory.workloads.find(here, |_| Ok(true))?.is_none() {
        return Ok(Ruling::NotApplicable("no workloads in it".to_owned()));
    }
    let bounds = facts.inventory.resource_quotas.find(here, |it| Ok(!it.spec.hard.is_empty()))?;
    if bounds.is_none() {
        findings.fail(Location::object(), "has workloads, and no ResourceQuota that bounds them");
    }
    Ok(Ruling::Applies)
}
