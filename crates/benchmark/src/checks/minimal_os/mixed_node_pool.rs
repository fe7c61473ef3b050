//! Node pools whose nodes do not run the same system.
//!
//! | nodes of one pool and architecture                                         | verdict |
//! |----------------------------------------------------------------------------|---------|
//! | differ in system, kernel or runtime, the newest kind for more than [`ROLLOUT`] days | warn |
//! | differ, but since then                                                     | pass    |
//! | are all alike                                                              | pass    |
//!
//! A pool is told by the labels of [`POOLS`], else by the roles of its nodes. How long a kind of node
//! has been there is the age of its oldest node: a node that was upgraded in place counts from its own
//! creation. Exempt: clusters of one node; virtual nodes are left out.

use std::collections::{BTreeMap, BTreeSet};

use assay_model::{
    Cause, Findings, Gap, Known, Location, Outcome, Resource, Scope, Severity, node::Node,
};
use jiff::{SignedDuration, Timestamp};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "HST-OSM-004",
    id: "mixed-node-pool",
    title: "nodes of one pool run different systems",
    severity: Severity::Low,
    rationale: "A roll-out that stopped half-way leaves nodes with old holes behind, and faults that \
                show on some nodes only.",
    remediation: "Finish or roll back the pool's update; replace nodes instead of changing them.",
    references: &["https://kubernetes.io/docs/tasks/administer-cluster/cluster-upgrade/"],
    verdicts: &[
        (Outcome::Unknown, "nodes differ, and when they were created is not told"),
        (
            Outcome::Warn,
            "nodes of a pool differ in system, kernel or runtime, and have for more than 7 days",
        ),
        (Outcome::Pass, "the nodes of each pool are alike, or an update is under way"),
        (Outcome::NotApplicable, "the cluster has one node"),
    ],
    needs: &[&[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(mixed_node_pool),
};

/// Labels by which providers and autoscalers tell their pools.
const POOLS: &[&str] = &[
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "karpenter.sh/nodepool",
];

/// What begins the labels that name the roles of a node.
const ROLE: &str = "node-role.kubernetes.io/";

/// So long may an update take.
const ROLLOUT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// System, kernel and runtime.
type Kind<'n> = (&'n str, &'n str, &'n str);

fn mixed_node_pool(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let nodes = facts.inventory.nodes.all(Scope::Cluster)?;
    let machines: Vec<&Node> = nodes.iter().filter(|it| !it.is_virtual()).collect();
    if machines.len() < 2 {
        return Ok(Ruling::NotApplicable("there are no two nodes to compare".to_owned()));
    }
    let mut pools: BTreeMap<(String, &str), BTreeMap<Kind<'_>, Vec<&Node>>> = BTreeMap::new();
    for node in machines {
        let info = &node.status.node_info;
        let kind = (&*info.os_image, &*info.kernel_version, &*info.container_runtime_version);
        let pool = pools.entry((pool_of(node), &*info.architecture)).or_default();
        pool.entry(kind).or_default().push(node);
    }
    for ((pool, _), kinds) in pools.iter().filter(|(_, kinds)| kinds.len() > 1) {
        let since: Vec<Timestamp> =
            kinds.values().map(|nodes| oldest(nodes)).collect::<Known<_>>()?;
        let mixed = since.iter().max().is_some_and(|it| facts.now().duration_since(*it) > ROLLOUT);
        if mixed {
            let kinds: Vec<String> =
                kinds.keys().map(|(os, kernel, run)| format!("{os}, {kernel}, {run}")).collect();
            let detail = format!("run {} kinds of system: {}", kinds.len(), kinds.join("; "));
            findings.warn(Location::field(format!("nodes of {pool}")), detail);
        }
    }
    Ok(Ruling::Applies)
}

fn pool_of(node: &Node) -> String {
    let labels = &node.metadata.labels;
    let named = POOLS.iter().find_map(|key| labels.get(*key));
    let roles = || -> BTreeSet<&str> {
        labels.keys().filter_map(|it| it.strip_prefix(ROLE)).filter(|it| !it.is_empty()).collect()
    };
    match named {
        Some(pool) => format!("pool {pool}"),
        None if roles().is_empty() => "no pool".to_owned(),
        None => format!("role {}", roles().into_iter().collect::<Vec<_>>().join(", ")),
    }
}

/// When the oldest of some nodes was created.
fn oldest(nodes: &[&Node]) -> Known<Timestamp> {
    let created: Option<Vec<_>> = nodes.iter().map(|it| it.metadata.creation_timestamp).collect();
    created.and_then(|it| it.into_iter().min()).ok_or_else(|| {
        let message = "nodes of one pool differ, and when they were created is not told";
        Gap::whole(Resource::Nodes, Cause::Inconclusive, message).into()
    })
}
