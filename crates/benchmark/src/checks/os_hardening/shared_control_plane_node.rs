//! Control-plane nodes that tenants' pods run on, or may.
//!
//! | a node with the label of a control plane            | verdict |
//! |-----------------------------------------------------|---------|
//! | pods of tenant namespaces run on it                 | fail    |
//! | none do, but no taint keeps them away               | warn    |
//! | it is the only node                                 | warn    |
//! | none do, and a taint keeps them away                | pass    |
//!
//! Static pods do not count, wherever they say they are. Taints of `NoSchedule` and `NoExecute` count,
//! but not those by which Kubernetes says how a node is (`node.kubernetes.io/…`): they come and go.

use std::{collections::BTreeSet, sync::Arc};

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Scope, Severity, both, node::Node,
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, flags};

pub(super) static CHECK: Check = Check {
    code: "HST-OSH-016",
    id: "shared-control-plane-node",
    title: "ordinary pods run on a node of the control plane",
    severity: Severity::High,
    rationale: "Whoever breaks out of such a pod is where the CA's key, etcd and the API server's \
                credentials lie: the cluster is theirs. A greedy one starves the API server.",
    remediation: "Taint the node (`kubectl taint node NODE \
                  node-role.kubernetes.io/control-plane:NoSchedule`), remove tolerations of that taint \
                  from workloads, and delete the pods that are there.",
    references: &[
        "https://kubernetes.io/docs/reference/labels-annotations-taints/#node-role-kubernetes-io-control-plane-taint",
    ],
    verdicts: &[
        (Outcome::Fail, "pods of a namespace that is not the platform's run there"),
        (Outcome::Warn, "none do, but the node has no taint; or it is the cluster's only node"),
        (Outcome::Pass, "none do, and a taint keeps them away"),
        (Outcome::NotApplicable, "the node is not one of a control plane"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Node(shared_control_plane_node),
};

/// Labels of a node that runs the control plane.
const ROLES: [&str; 2] =
    ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// What begins the keys of taints that say how a node is.
const STATES: [&str; 2] = ["node.kubernetes.io/", "node.cloudprovider.kubernetes.io/"];

fn shared_control_plane_node(node: &Node, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if !ROLES.iter().any(|it| node.metadata.labels.contains_key(*it)) {
        return Ok(Ruling::NotApplicable(
            "no node is labelled as one of a control plane".to_owned(),
        ));
    }
    // Whether it is the only one must be known before a fault may be said.
    let nodes = facts.inventory.nodes.all(Scope::Cluster)?;
    if nodes.len() == 1 {
        findings.warn(Location::object(), "is the only node: all pods share the control plane's");
        return Ok(Ruling::Applies);
    }
    let (tenants, read) = tenants_on(&node.metadata.name, facts);
    for namespace in tenants {
        findings.fail(Location::object(), format!("runs pods of namespace {namespace}"));
    }
    read?;
    if !keeps_pods_away(node) {
        findings.warn(Location::field("spec.taints"), "have none that keeps ordinary pods away");
    }
    Ok(Ruling::Applies)
}

/// Tenants' namespaces with a pod on the node, as far as pods were read.
fn tenants_on(node: &str, facts: &Facts<'_>) -> (BTreeSet<Arc<str>>, Known<()>) {
    let mut tenants = BTreeSet::new();
    let read = facts.inventory.workloads.each(Scope::Cluster, |workload| {
        if facts.settings.is_platform(&workload.namespace) {
            return Ok(());
        }
        let mut read = workload.live_read.clone();
        for live in workload.live.iter().filter(|it| it.nodes.contains(node)) {
            match flags::is_mirror(workload, live, facts) {
                Ok(true) => {}
                Ok(false) => {
                    tenants.insert(workload.namespace.clone());
                }
                Err(unknown) => read = both(read, Err(unknown)),
            }
        }
        read
    });
    (tenants, read)
}

fn keeps_pods_away(node: &Node) -> bool {
    node.spec.taints.iter().any(|it| {
        matches!(&*it.effect, "NoSchedule" | "NoExecute")
            && !STATES.iter().any(|state| it.key.starts_with(state))
    })
}
