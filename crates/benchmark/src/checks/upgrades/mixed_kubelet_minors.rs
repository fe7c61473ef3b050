//! Nodes that do not come to one version.
//!
//! | minors of the kubelets                                          | verdict |
//! |-----------------------------------------------------------------|---------|
//! | more than two                                                   | warn    |
//! | two, a node of the newer one created more than [`ROLLOUT`] ago  | warn    |
//! | two, but since then                                             | pass    |
//! | one                                                             | pass    |
//!
//! A node that was upgraded in place counts from its creation: nothing tells when it was upgraded.
//! Exempt: nodes of virtual-kubelet, which have no kubelet; Fargate's have one.

use std::collections::BTreeMap;

use assay_model::{
    Cause, Findings, Gap, Location, Outcome, Resource, Scope, Severity, control_plane::Version,
    node::Node,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    version::{Minor, minor_name},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-UPG-009",
    id: "mixed-kubelet-minors",
    title: "nodes stay on several minor versions",
    severity: Severity::Low,
    rationale: "An upgrade that is never finished leaves nodes without fixes, and holds the control \
                plane back: its next upgrade would leave them behind.",
    remediation: "Upgrade the nodes that are behind, pool by pool, to the control plane's minor.",
    references: &["https://kubernetes.io/releases/version-skew-policy/"],
    verdicts: &[
        (
            Outcome::Unknown,
            "a version is not told, or when the nodes of the newer minor were created",
        ),
        (
            Outcome::Warn,
            "kubelets have more than two minors, or two and the first node of the newer one is older \
             than 14 days",
        ),
        (Outcome::Pass, "they have one minor, or an upgrade is under way"),
        (Outcome::NotApplicable, "no node has a kubelet"),
    ],
    needs: &[&[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(mixed_kubelet_minors),
};

/// So long may an upgrade take.
const ROLLOUT: SignedDuration = SignedDuration::from_hours(14 * 24);

fn mixed_kubelet_minors(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let untold = |message: String| Gap::whole(Resource::Nodes, Cause::Inconclusive, message);
    let mut minors: BTreeMap<Minor, Vec<Option<Timestamp>>> = BTreeMap::new();
    for node in facts.inventory.nodes.all(Scope::Cluster)?.iter().filter(|it| has_kubelet(it)) {
        let told = &*node.status.node_info.kubelet_version;
        let minor = Version::minor_of(told)
            .ok_or_else(|| untold(format!("`{told}` is no kubelet version of the form v1.37.2")))?;
        minors.entry(minor).or_default().push(node.metadata.creation_timestamp);
    }
    let Some((newest, created)) = minors.last_key_value() else {
        return Ok(Ruling::NotApplicable("no node has a kubelet".to_owned()));
    };
    let names: Vec<String> = minors.keys().copied().map(minor_name).collect();
    let at = || Location::field("kubelets");
    if minors.len() > 2 {
        findings.warn(at(), format!("are of {} minors: {}", minors.len(), names.join(", ")));
    } else if minors.len() == 2 {
        let newest = minor_name(*newest);
        let created: Option<Vec<Timestamp>> = created.iter().copied().collect();
        let first = created.and_then(|it| it.into_iter().min()).ok_or_else(|| {
            untold(format!("when the nodes of {newest} were created is not told"))
        })?;
        let age = facts.now().duration_since(first);
        if age > ROLLOUT {
            let days = age.as_hours() / 24;
            let detail = format!(
                "are of {}, and the first of {newest} is {days} days old",
                names.join(" and ")
            );
            findings.warn(at(), detail);
        }
    }
    Ok(Ruling::Applies)
}

fn has_kubelet(node: &Node) -> bool {
    node.metadata.labels.get("type").is_none_or(|it| &**it != "virtual-kubelet")
}
