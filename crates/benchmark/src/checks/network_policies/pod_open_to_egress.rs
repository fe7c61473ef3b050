//! Pods that may connect to everywhere.
//!
//! | pods of the workload                                              | verdict        |
//! |-------------------------------------------------------------------|----------------|
//! | all on their node's network, where policies do not reach          | not applicable |
//! | each selected by a policy for egress, and an engine enforces them | pass           |
//! | one is not, and it is exposed: see [`exposure`]                   | fail           |
//! | one is not, and it is not exposed                                 | warn           |
//!
//! Where nothing enforces policies, none is isolated. Policies of other APIs could isolate a pod as
//! well: where one is served, it is unknown. A template without pods counts as a pod.

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Severity, Workload, both, network::Direction,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling, exposure, isolation, network_engine::Engine,
};

pub(super) static CHECK: Check = Check {
    code: "APP-NET-006",
    id: "pod-open-to-egress",
    title: "no network policy limits what the pod reaches",
    severity: Severity::Medium,
    rationale: "Whoever takes over the program can go on from it to every other, ask the cloud's metadata \
                service for credentials, and send what he finds wherever he likes.",
    remediation: "Create a NetworkPolicy that selects the pod, with `Egress` in `policyTypes`, and names \
                  what it may reach; name resolution (port 53) is needed by nearly all.",
    references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
    verdicts: &[
        (Outcome::Fail, "no policy that is enforced selects it for egress, and it is exposed"),
        (Outcome::Warn, "no such policy selects another pod"),
        (Outcome::Pass, "a policy selects each pod for egress, and an engine enforces policies"),
        (Outcome::NotApplicable, "all pods are on their node's network"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[
            Resource::NetworkPolicies,
            Resource::CustomResourceDefinitions,
            Resource::Nodes,
            Resource::Services,
            Resource::Ingresses,
        ],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(pod_open_to_egress),
};

fn pod_open_to_egress(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let inventory = facts.inventory;
    if !isolation::on_pod_network(workload)? {
        return Ok(Ruling::NotApplicable("all pods are on their node's network".to_owned()));
    }
    let (isolation, mut unknown) = isolation::of(workload, Direction::Egress, inventory);
    if isolation.isolated > 0 {
        let judged = match facts.network_engine() {
            Ok(Engine::Enforces) => Ok(()),
            Ok(Engine::Ignores) => {
                let detail = "is selected by a policy for egress, but nothing enforces policies";
                report(detail, workload, facts, findings)
            }
            Err(it) => Err(it.clone()),
        };
        unknown = both(unknown, judged);
    }
    if isolation.open > 0 {
        let detail = "is selected by no policy for egress";
        let judged = isolation::no_other_policies(inventory)
            .and_then(|()| report(detail, workload, facts, findings));
        unknown = both(unknown, judged);
    }
    unknown.map(|()| Ruling::Applies)
}

/// A pod that may connect to everywhere: a fault where strangers reach it.
fn report(
    detail: &str,
    workload: &Workload,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Known<()> {
    if exposure::is_exposed(workload, facts.inventory)? {
        let detail = format!("{detail}, and is exposed to the outside");
        findings.fail(Location::object(), detail);
    } else {
        findings.warn(Location::object(), detail);
    }
    Ok(())
}
