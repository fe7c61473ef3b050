//! Kubelets that the API servers do not support.
//!
//! | kubelet, against each API server        | verdict                         |
//! |-----------------------------------------|---------------------------------|
//! | newer                                   | fail                            |
//! | more than 3 minors older                | fail                            |
//! | exactly 3 minors older                  | warn: blocks the next upgrade   |
//! | at most 2 minors older                  | pass                            |
//!
//! Kubelets before 1.25 may be 2 minors older, not 3. The API servers are the one that answered, and
//! every one whose mirror pod is visible. Exempt: nodes of virtual-kubelet, which have no kubelet;
//! Fargate's have one.
//! Source: Kubernetes' version skew policy, "kubelet".

use std::collections::BTreeSet;

use assay_model::{
    Cause, Findings, Gap, Known, Location, Outcome, Resource, Scope, Severity, both,
    control_plane::Version, node::Node,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    version::{Minor, minor_name},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-UPG-005",
    id: "kubelet-version-skew",
    title: "kubelet is outside the version skew that is supported",
    severity: Severity::High,
    rationale: "Such a pair is tested by nobody: fields may be dropped in silence, and security settings \
                among them may not hold. It also blocks the next upgrade.",
    remediation: "Upgrade the node's kubelet; never before the API servers.",
    references: &["https://kubernetes.io/releases/version-skew-policy/#kubelet"],
    verdicts: &[
        (
            Outcome::Fail,
            "the kubelet is newer than an API server, or more than 3 minors older (2 before 1.25)",
        ),
        (Outcome::Warn, "it is as old as it may be, so that the API servers cannot be upgraded"),
        (Outcome::Pass, "it is within the skew"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Nodes, Resource::Version]],
    empty: Empty::NotApplicable,
    rule: Rule::Node(kubelet_version_skew),
};

/// The first kubelet that may be 3 minors older.
const THREE_OLDER: Minor = (1, 25);

fn kubelet_version_skew(node: &Node, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if node.metadata.labels.get("type").is_some_and(|it| &**it == "virtual-kubelet") {
        return Ok(Ruling::NotApplicable("no kubelet stands behind a virtual node".to_owned()));
    }
    let told = &*node.status.node_info.kubelet_version;
    let kubelet = Version::minor_of(told).ok_or_else(|| untold(told))?;
    let (servers, mut read) = servers(facts);
    let allowed = if kubelet < THREE_OLDER { 2 } else { 3 };
    let at = || Location::field("status.nodeInfo.kubeletVersion");
    for server in servers {
        if server.0 != kubelet.0 {
            read = both(read, Err(untold(told)));
            continue;
        }
        let older = server.1.checked_sub(kubelet.1);
        let server = minor_name(server);
        match older {
            None => {
                let detail = format!("is `{told}`, newer than an API server, which is {server}");
                findings.fail(at(), detail);
            }
            Some(it) if it > allowed => {
                let detail =
                    format!("is `{told}`, {it} minors older than an API server's {server}");
                findings.fail(at(), detail);
            }
            Some(it) if it == allowed => {
                let detail = format!("is `{told}`, as old as API servers of {server} allow");
                findings.warn(at(), detail);
            }
            Some(_) => {}
        }
    }
    read?;
    Ok(Ruling::Applies)
}

/// The minors of the API servers that were seen; an error when there may be others.
fn servers(facts: &Facts<'_>) -> (BTreeSet<Minor>, Known<()>) {
    let mut minors = BTreeSet::new();
    let answered = facts.server_minor().map(|it| {
        minors.insert(it);
    });
    let replicas = facts.replicas("kube-apiserver").each(Scope::Cluster, |it| {
        minors.insert(it.minor()?);
        Ok(())
    });
    (minors, both(answered, replicas))
}

fn untold(told: &str) -> assay_model::Unknown {
    let message = format!("`{told}` cannot be compared with the API server's version");
    Gap::whole(Resource::Nodes, Cause::Inconclusive, message).into()
}
