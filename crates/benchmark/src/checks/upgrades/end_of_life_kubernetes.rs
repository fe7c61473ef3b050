//! Kubernetes itself, past its support.
//!
//! | server version                        | calendar                                           |
//! |---------------------------------------|----------------------------------------------------|
//! | `v1.37.2`                             | the project's, by [`lifecycle`](crate::lifecycle)  |
//! | the same, and AKS labelled every node | AKS's own                                          |
//! | `v1.37.2-eks-…`, `v1.37.2+k3s1`, …    | the distribution's own                             |
//! | any other suffix                      | unknown                                            |
//!
//! A distribution without rows in the table is unknown: vendors support a minor for longer or shorter
//! than the project does.

use assay_model::{Findings, Location, Outcome, Resource, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    facts::distribution,
    lifecycle::{self, NOTICE, Running},
    version::minor_name,
};

pub(super) static CHECK: Check = Check {
    code: "CLU-UPG-001",
    id: "end-of-life-kubernetes",
    title: "Kubernetes version gets no more security fixes",
    severity: Severity::Critical,
    rationale: "Holes that are found from then on are published, and stay open here.",
    remediation: "Upgrade the control plane one minor at a time, then the nodes. Declare \
                  `extended-support` in the configuration file where it is paid for.",
    references: &["https://kubernetes.io/releases/patch-releases/#support-period"],
    verdicts: &[
        (Outcome::Fail, "the minor's support has ended"),
        (Outcome::Unknown, "no table has the calendar of the distribution, or the minor"),
        (
            Outcome::Warn,
            "support ends within 90 days, only declared extended support is left, or the table is \
             older than 180 days",
        ),
        (Outcome::Pass, "the minor is supported"),
    ],
    needs: &[&[Resource::Version, Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(end_of_life_kubernetes),
};

fn end_of_life_kubernetes(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let version = facts.inventory.version.as_ref().map_err(Clone::clone)?;
    let told = &*version.git_version;
    let release = minor_name(facts.server_minor()?);
    let product = match distribution(version) {
        Some(distribution) => distribution,
        None if told.contains(['-', '+']) => {
            return Err(lifecycle::untold(Resource::Version, told));
        }
        None => facts.managed_by()?.unwrap_or("kubernetes"),
    };
    let running =
        Running { product, release: &release, told, resource: Resource::Version, notice: NOTICE };
    lifecycle::judge(&running, Location::field("version"), facts, findings)?;
    Ok(Ruling::Applies)
}
