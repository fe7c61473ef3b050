//! Pods that take connections from everywhere in the cluster.
//!
//! | pods of the workload                                               | verdict        |
//! |--------------------------------------------------------------------|----------------|
//! | all on their node's network, where policies do not reach           | not applicable |
//! | each selected by a policy for ingress, and an engine enforces them | pass           |
//! | each selected, but nothing enforces policies                       | fail           |
//! | one selected by none, and it is exposed: see [`exposure`]          | fail           |
//! | one selected by none, and it refers to a Secret                    | fail           |
//! | one selected by none, and its account reads every Secret           | fail           |
//! | one selected by none, and none of these                            | warn           |
//!
//! Policies of other APIs could isolate it as well: where one is served, it is unknown. A template
//! without pods counts as a pod. An account that can do everything reads every Secret.

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Severity, Workload, any, both, network::Direction,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    accounts::{self, Grants},
    exposure, isolation,
    network_engine::Engine,
    rbac::{Reach, allows},
};

pub(super) static CHECK: Check = Check {
    code: "APP-NET-005",
    id: "pod-open-to-ingress",
    title: "no network policy limits who reaches the pod",
    severity: Severity::High,
    rationale: "Whoever takes over any pod of the cluster can talk to this one on every port, also on \
                those that were never meant for others.",
    remediation: "Create a NetworkPolicy that selects the pod and names who may reach it; start with \
                  one that denies all ingress in the namespace.",
    references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
    verdicts: &[
        (
            Outcome::Fail,
            "no policy selects it for ingress, and it is exposed to the outside, refers to a Secret, or \
             its account reads the Secrets of all namespaces",
        ),
        (Outcome::Fail, "a policy selects it, but nothing in the cluster enforces policies"),
        (Outcome::Warn, "no policy selects another pod"),
        (Outcome::Pass, "a policy selects each pod, and an engine enforces policies"),
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
            Resource::ClusterRoles,
            Resource::ClusterRoleBindings,
        ],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(pod_open_to_ingress),
};

fn pod_open_to_ingress(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let inventory = facts.inventory;
    if !isolation::on_pod_network(workload)? {
        return Ok(Ruling::NotApplicable("all pods are on their node's network".to_owned()));
    }
    let (isolation, mut unknown) = isolation::of(workload, Direction::Ingress, inventory);
    if isolation.isolated > 0 {
        match facts.network_engine() {
            Ok(Engine::Enforces) => {}
            Ok(Engine::Ignores) => {
                let detail = "is selected by a policy, but nothing enforces policies";
                findings.fail(Location::object(), detail);
            }
            Err(it) => unknown = both(unknown, Err(it.clone())),
        }
    }
    if isolation.open > 0 {
        let judged = isolation::no_other_policies(inventory)
            .and_then(|()| judge_open(workload, facts, findings));
        unknown = both(unknown, judged);
    }
    unknown.map(|()| Ruling::Applies)
}

/// Judges a workload with a pod that no policy selects, by what is to be had there.
fn judge_open(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Known<()> {
    let prizes = [
        ("is exposed to the outside", exposure::is_exposed(workload, facts.inventory)),
        ("refers to a Secret", refers_to_secret(workload)),
        ("has an account that reads every Secret", reads_every_secret(workload, facts)),
    ];
    let (mut found, mut unknown) = (false, Ok(()));
    for (says, held) in prizes {
        match held {
            Ok(true) => {
                found = true;
                let detail = format!("is selected by no policy for ingress, and {says}");
                findings.fail(Location::object(), detail);
            }
            Ok(false) => {}
            Err(it) => unknown = both(unknown, Err(it)),
        }
    }
    unknown?;
    if !found {
        findings.warn(Location::object(), "is selected by no policy for ingress");
    }
    Ok(())
}

fn refers_to_secret(workload: &Workload) -> Known<bool> {
    let mut found = false;
    let read = workload.each_spec(|spec| found |= spec.secrets().next().is_some());
    if found { Ok(true) } else { read.map(|()| false) }
}

/// Whether an account of the workload's reads Secrets of all namespaces, for any name, by a binding
/// that names it or the group of its namespace; whoever made that binding.
fn reads_every_secret(workload: &Workload, facts: &Facts<'_>) -> Known<bool> {
    let mut names = std::collections::BTreeSet::new();
    let read = workload.each_spec(|spec| {
        names.insert(spec.service_account());
    });
    let reads = names.into_iter().map(|name| {
        let account = accounts::subject(&workload.namespace, name);
        Grants::cluster_wide(&account, facts).any_rule(|rule| {
            ["get", "list", "watch", "deletecollection"]
                .iter()
                .any(|verb| allows(rule, verb, "", "secrets") == Some(Reach::Any))
        })
    });
    any(reads.chain([read.map(|()| false)]))
}
